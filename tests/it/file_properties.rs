//! The file modules on what nobody thought of: random files and random arguments. A second run says that nothing changed, check
//! mode changes nothing and says what the run will say, and a kill at any moment leaves the old file or the new one.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use benchbook::base::{Map, SystemClock, Value};
use benchbook::module::{self, Context};
use benchbook::wire::{Outcome, Request, Status};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::modules::{self, Buffer};

fn run(name: &str, args: &Map, check: bool) -> Outcome {
    let request = Request { check, diff: check, ..modules::request(name, args.clone()) };
    let mut context = Context { request: &request, link: &Buffer::default(), clock: &SystemClock };
    (module::find(name).unwrap().run)(args, &mut context)
}

/// What is at a path at the beginning.
#[derive(Clone, Debug)]
enum There {
    Nothing,
    File(String, u32),
    /// A link to a file with this content, or to nothing.
    Link(Option<String>),
    Folder,
}

fn make(folder: &Path, there: &There) {
    let path = folder.join("f");
    match there {
        There::Nothing => {}
        There::File(text, mode) => {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(*mode)).unwrap();
        }
        There::Link(text) => {
            if let Some(text) = text {
                std::fs::write(folder.join("g"), text).unwrap();
            }
            std::os::unix::fs::symlink("g", &path).unwrap();
        }
        There::Folder => {
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("inside"), "x\n").unwrap();
        }
    }
}

/// All that is in a folder: kind, mode, content, and of what is not written to, the inode and when it was changed.
fn all(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let about = path.symlink_metadata().unwrap();
            let content = if about.is_symlink() {
                std::fs::read_link(&path).unwrap().display().to_string()
            } else if about.is_dir() {
                waiting.push(path.clone());
                String::new()
            } else {
                std::fs::read_to_string(&path).unwrap()
            };
            let when = (about.ino(), about.mtime(), about.mtime_nsec());
            found.push(format!("{} {:o} {when:?} {content:?}", path.display(), about.mode()));
        }
    }
    found.sort();
    found
}

fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("key=1"),
        Just("key = 2"),
        Just("#key=3"),
        Just("other=x"),
        Just("[s]"),
        Just("[t]"),
        Just(""),
        Just("  indented"),
        Just("ä — ü"),
    ];
    let end = prop_oneof![Just("\n"), Just("")];
    let block = prop_oneof![
        3 => Just(""),
        1 => Just("# BEGIN ANSIBLE MANAGED BLOCK\nold\n# END ANSIBLE MANAGED BLOCK\n"),
    ];
    // Of several blocks one is found, and of one whose last marker does not end its line none: so it is in Ansible, too.
    (block, prop::collection::vec(line, 0..8), end)
        .prop_map(|(block, lines, end)| block.to_owned() + &lines.join("\n") + end)
}

fn there() -> impl Strategy<Value = There> {
    let mode = prop_oneof![Just(0o644), Just(0o600), Just(0o755), Just(0o444)];
    prop_oneof![
        1 => Just(There::Nothing),
        6 => (text(), mode).prop_map(|(text, mode)| There::File(text, mode)),
        1 => prop::option::of(text()).prop_map(There::Link),
        1 => Just(There::Folder),
    ]
}

/// A choice of these values, or that the argument is not given.
fn maybe(
    name: &'static str,
    values: &'static [&'static str],
) -> BoxedStrategy<Option<(&'static str, Value)>> {
    let read = |text: &'static str| -> Value { serde_yaml::from_str(text).unwrap() };
    prop::option::of(prop::sample::select(values).prop_map(move |text| (name, read(text)))).boxed()
}

const SWITCH: &[&str] = &["true", "false"];
const MODES: &[&str] = &["'0640'", "u+x,g-w", "a=rX"];

type Given = Vec<BoxedStrategy<Option<(&'static str, Value)>>>;

fn args(always: &'static [(&'static str, &'static str)], given: Given) -> impl Strategy<Value = Map> {
    given.prop_map(move |given| {
        let mut map: Map = given.into_iter().flatten().collect();
        for (name, text) in always {
            map.insert(*name, Value::from(*text));
        }
        map
    })
}

/// Modules with arguments under which they should do the same twice: no `touch`, and nothing that finds its own work again.
fn tasks() -> BoxedStrategy<(&'static str, Map)> {
    let place = || maybe("insertafter", &["EOF", "^key", "nowhere"]);
    let before = || maybe("insertbefore", &["BOF", "^other"]);
    let copy = args(
        &[],
        vec![
            prop::sample::select(&["", "key=1\n", "new\n", "ä"][..])
                .prop_map(|text| Some(("content", Value::from(text))))
                .boxed(),
            maybe("mode", MODES),
            maybe("force", SWITCH),
            maybe("follow", SWITCH),
            maybe("backup", SWITCH),
        ],
    );
    let file = args(
        &[],
        vec![
            maybe("state", &["absent", "directory", "file", "link"]),
            maybe("src", &["g", "nowhere"]),
            maybe("mode", MODES),
            maybe("force", SWITCH),
            maybe("follow", SWITCH),
            maybe("recurse", SWITCH),
        ],
    );
    let line = |after: bool| {
        args(
            &[("line", "key=4")],
            vec![
                maybe("regexp", &["^#?key", "^key *="]),
                if after { place() } else { before() },
                maybe("firstmatch", SWITCH),
                maybe("create", SWITCH),
                maybe("mode", MODES),
                maybe("backup", SWITCH),
            ],
        )
    };
    let no_line = args(&[("state", "absent"), ("regexp", "key")], vec![maybe("backup", SWITCH)]);
    let block = |after: bool| {
        args(
            &[],
            vec![
                maybe("block", &["one", "'one\n\ntwo\n'", "''"]),
                maybe("state", &["present", "absent"]),
                if after { place() } else { before() },
                maybe("create", SWITCH),
                maybe("mode", MODES),
            ],
        )
    };
    let replace = args(
        &[("regexp", "key *="), ("replace", "name:")],
        vec![maybe("mode", MODES), maybe("before", &["other"])],
    );
    let ini = args(
        &[],
        vec![
            maybe("section", &["s", "t", "u"]),
            Just(Some(("option", Value::from("key")))).boxed(),
            maybe("value", &["'1'", "'5'"]),
            maybe("state", &["present", "absent"]),
            maybe("no_extra_spaces", SWITCH),
            maybe("exclusive", SWITCH),
            maybe("create", SWITCH),
        ],
    );
    prop_oneof![
        copy.prop_map(|map| ("copy", map)),
        file.prop_map(|map| ("file", map)),
        line(true).prop_map(|map| ("lineinfile", map)),
        line(false).prop_map(|map| ("lineinfile", map)),
        no_line.prop_map(|map| ("lineinfile", map)),
        block(true).prop_map(|map| ("blockinfile", map)),
        block(false).prop_map(|map| ("blockinfile", map)),
        replace.prop_map(|map| ("replace", map)),
        ini.prop_map(|map| ("ini_file", map)),
    ]
    .boxed()
}

fn twice(there: &There, name: &str, map: &Map) -> Result<(), TestCaseError> {
    let sandbox = tempfile::tempdir().unwrap();
    make(sandbox.path(), there);
    let mut map = map.clone();
    map.insert(if name == "copy" { "dest" } else { "path" }, sandbox.path().join("f").display().to_string());
    let given = all(sandbox.path());
    let asked = run(name, &map, true);
    prop_assert_eq!(&all(sandbox.path()), &given, "--check changed something");
    let first = run(name, &map, false);
    if first.status == Status::Failed {
        // Only writing may fail where check mode did not see it coming.
        prop_assert_eq!(&all(sandbox.path()), &given, "it failed and changed something: {:?}", first.msg);
        return Ok(());
    }
    prop_assert_eq!(asked.status, first.status, "--check ended otherwise: {:?}", asked.msg);
    prop_assert_eq!(asked.changed, first.changed, "--check said otherwise: {:?} {:?}", asked.msg, first.msg);
    let after = all(sandbox.path());
    prop_assert_eq!(first.changed, after != given, "what it said is not what it did: {:?}", first.msg);
    for check in [false, true] {
        let again = run(name, &map, check);
        prop_assert!(!again.changed, "again: {:?} {:?}", again.msg, after);
        prop_assert_eq!(again.status, Status::Ok);
    }
    prop_assert_eq!(all(sandbox.path()), after, "the second run changed something");
    Ok(())
}

#[test]
fn file_modules_do_the_same_twice_and_check_mode_tells_it() {
    let mut runner = TestRunner::new(Config { cases: 1500, failure_persistence: None, ..Config::default() });
    runner.run(&(there(), tasks()), |(there, (name, map))| twice(&there, name, &map)).unwrap();
}

/// Where the child finds its work.
const WORK: &str = "BENCHBOOK_TEST_WORK";
const LINES: usize = 20_000;

/// Not a test of its own: what the next one starts and kills. It writes one of two contents and then the other, without end.
#[test]
#[ignore = "the child of another test"]
fn the_child_that_is_killed() {
    let Ok(work) = std::env::var(WORK) else { return };
    let (name, path) = work.split_once(' ').unwrap();
    for round in 0.. {
        let word = if round % 2 == 0 { "new" } else { "old" };
        let given: Vec<(&str, String)> = match name {
            "copy" => vec![("dest", path.to_owned()), ("content", content(word))],
            "lineinfile" => {
                vec![("path", path.to_owned()), ("regexp", "^word=".into()), ("line", format!("word={word}"))]
            }
            "blockinfile" => vec![("path", path.to_owned()), ("block", format!("word={word}"))],
            "replace" => vec![
                ("path", path.to_owned()),
                ("regexp", "^word=.*".into()),
                ("replace", format!("word={word}")),
            ],
            _ => vec![
                ("path", path.to_owned()),
                ("section", "s".into()),
                ("option", "word".into()),
                ("value", word.into()),
                ("no_extra_spaces", "yes".into()),
            ],
        };
        let outcome =
            run(name, &given.into_iter().map(|(key, value)| (key, Value::from(value))).collect(), false);
        assert_eq!(outcome.status, Status::Ok, "{:?}", outcome.msg);
    }
}

/// A file of some hundred kilobytes in which a word stands at the beginning; it is as long with the other word.
fn content(word: &str) -> String {
    let lines: String = (0..LINES).map(|number| format!("line {number}\n")).collect();
    format!("[s]\n# BEGIN ANSIBLE MANAGED BLOCK\nword={word}\n# END ANSIBLE MANAGED BLOCK\n{lines}")
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_file_or_the_new_one() {
    let contents = ["old", "new"].map(content);
    for name in ["copy", "lineinfile", "blockinfile", "replace", "ini_file"] {
        let mut seen = [0, 0];
        for _ in 0..8 {
            let sandbox = tempfile::tempdir().unwrap();
            let path = sandbox.path().join("f");
            std::fs::write(&path, &contents[0]).unwrap();
            let begun = path.metadata().unwrap().ino();
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "file_properties::the_child_that_is_killed", "--ignored", "--nocapture"])
                .env(WORK, format!("{name} {}", path.display()))
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            // It has begun when the file is another one.
            let limit = Instant::now() + Duration::from_secs(30);
            while path.metadata().unwrap().ino() == begun {
                assert!(Instant::now() < limit && child.try_wait().unwrap().is_none(), "{name} did nothing");
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(fastrand::u64(0..40_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            let left = std::fs::read_to_string(&path).unwrap();
            let which = contents.iter().position(|content| *content == left);
            seen[which.unwrap_or_else(|| panic!("{name} left half of a file: {} bytes", left.len()))] += 1;
        }
        assert_eq!(seen[0] + seen[1], 8);
    }
}
