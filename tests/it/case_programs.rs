//! The C programs of the case roles: what they print, what they refuse, and that they notice wrong results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const ROLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/roles");

/// A program of a role, compiled with warnings as errors.
struct Program {
    folder: TempDir,
    path: PathBuf,
}

impl Program {
    /// Compiles `roles/<name>/files/<name>.c`.
    fn build(name: &str) -> Self {
        Self::build_changed(name, "", "")
    }

    /// Compiles it with one place of its sources changed.
    fn build_changed(name: &str, before: &str, after: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let mut places = 0;
        for entry in fs::read_dir(Path::new(ROLES).join(name).join("files")).unwrap() {
            let source = entry.unwrap().path();
            let text = fs::read_to_string(&source).unwrap();
            let changed = if before.is_empty() {
                text
            } else {
                places += text.matches(before).count();
                text.replace(before, after)
            };
            fs::write(folder.path().join(source.file_name().unwrap()), changed).unwrap();
        }
        assert!(before.is_empty() || places == 1, "`{before}` is there {places} times");
        let path = folder.path().join(name);
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-march=native", "-fopenmp", "-Wall", "-Wextra", "-Werror", "-o"]);
        let compiled = cc.arg(&path).arg(path.with_extension("c")).arg("-lm").output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        Self { folder, path }
    }

    fn run(&self, args: &str) -> Output {
        let mut command = Command::new(&self.path);
        command.args(args.split_whitespace()).env("OMP_NUM_THREADS", "2").current_dir(self.folder.path());
        command.output().unwrap()
    }

    /// Exit status and what it said on standard error.
    fn refusal(&self, args: &str) -> (Option<i32>, String) {
        let output = self.run(args);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }

    /// The numbers that a metric's regular expression finds, line by line.
    fn figures(&self, args: &str, regex: &str) -> Vec<(String, f64)> {
        let output = self.run(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let regex = fancy_regex::Regex::new(regex).unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        let found = found.lines().filter_map(|line| regex.captures(line).unwrap());
        found
            .map(|c| {
                let label = c.name("op").map_or("", |op| op.as_str()).to_owned();
                (label, c["value"].parse().unwrap())
            })
            .collect()
    }
}

/// The first `regex:` of a case role's `run.yml`, so that program and metric cannot part.
fn metric(role: &str) -> String {
    let run = fs::read_to_string(Path::new(ROLES).join(role).join("tasks/run.yml")).unwrap();
    let line = run.lines().find_map(|l| l.trim().strip_prefix("regex: ")).unwrap();
    line.trim_matches('\'').to_owned()
}

#[test]
fn stream_gives_four_rates() {
    let figures = Program::build("stream").figures("6 3", &metric("stream"));
    let kernels: Vec<&str> = figures.iter().map(|(op, _)| op.as_str()).collect();
    assert_eq!(kernels, ["Copy", "Scale", "Add", "Triad"]);
    assert!(figures.iter().all(|(_, rate)| *rate > 10.0), "{figures:?}");
}

#[test]
fn stream_refuses_what_it_cannot_do() {
    let stream = Program::build("stream");
    for mib in ["0", "-1", "x", "6x", "99999999999", "99999999999999999999"] {
        let (status, message) = stream.refusal(mib);
        assert_eq!(status, Some(2));
        assert!(message.starts_with("stream: MIB must be a whole number from 1 to "), "{message}");
        assert!(message.ends_with(&format!(", not '{mib}'")), "{message}");
    }
    let one = (Some(2), "stream: REPETITIONS must be a whole number from 2 to 10000, not '1'".to_owned());
    assert_eq!(stream.refusal("6 1"), one);
    assert!(stream.refusal("").1.starts_with("usage: stream MIB"));
}

#[test]
fn stream_notices_one_wrong_element() {
    let kernel = "a[i] = b[i] + SCALAR * c[i];";
    let wrong = "a[i] = b[i] + SCALAR * c[i] * (i == n / 2 ? 1 + 1e-9 : 1);";
    let (status, message) = Program::build_changed("stream", kernel, wrong).refusal("6 3");
    assert_eq!(status, Some(1));
    assert!(message.starts_with("stream: wrong results: relative error "), "{message}");
}

#[test]
fn gemm_gives_one_rate_for_any_order() {
    let gemm = Program::build("gemm");
    // Orders beside the sizes of tiles and blocks, where padding goes wrong.
    for order in [1, 11, 12, 13, 63, 64, 65, 255, 256, 257] {
        for dtype in ["f32", "f64"] {
            let figures = gemm.figures(&format!("{dtype} {order} 1"), &metric("gemm"));
            assert_eq!(figures.len(), 1, "{dtype} {order}");
        }
    }
    assert!(gemm.figures("f64 512 2", &metric("gemm"))[0].1 > 0.1);
}

#[test]
fn gemm_refuses_what_it_cannot_do() {
    let gemm = Program::build("gemm");
    let refusals = [
        ("f16", "gemm: TYPE must be f32 or f64, not 'f16'"),
        ("f32 0", "gemm: N must be a whole number from 1 to 65536, not '0'"),
        ("f32 64 0", "gemm: REPETITIONS must be a whole number from 1 to 10000, not '0'"),
    ];
    for (args, message) in refusals {
        assert_eq!(gemm.refusal(args), (Some(2), message.to_owned()));
    }
    assert!(gemm.refusal("").1.starts_with("usage: gemm TYPE"));
}

#[test]
fn gemm_notices_one_wrong_column() {
    let packing = "p->a[(row + i) * p->n + k0 + k] : 0";
    let wrong = "p->a[(row + i) * p->n + k0 + k] + (k0 + k == 3 ? (REAL)0.01 : 0) : 0";
    let gemm = Program::build_changed("gemm", packing, wrong);
    for dtype in ["f32", "f64"] {
        let (status, message) = gemm.refusal(&format!("{dtype} 200 1"));
        assert_eq!(status, Some(1), "{dtype}: {message}");
        assert!(message.starts_with("gemm: wrong results: error is "), "{message}");
    }
}

#[test]
fn training_ends_when_it_is_right_often_enough_whatever_the_threads() {
    let training = Program::build("training");
    let run = fs::read_to_string(Path::new(ROLES).join("training/tasks/run.yml")).unwrap();
    let pattern = fancy_regex::Regex::new(r"regex: '([^']+)'").unwrap();
    let regexes: Vec<_> =
        pattern.captures_iter(&run).map(|found| found.unwrap().get(1).unwrap().as_str().to_owned()).collect();
    assert_eq!(regexes.len(), 3, "{regexes:?}");
    let mut accuracies = Vec::new();
    for threads in ["1", "2", "3"] {
        let mut command = Command::new(&training.path);
        let output = command.args(["0.8", "32"]).env("OMP_NUM_THREADS", threads).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let figures: Vec<f64> = regexes
            .iter()
            .map(|regex| {
                let regex = fancy_regex::Regex::new(regex).unwrap();
                let mut found = said.lines().filter_map(|line| regex.captures(line).unwrap());
                let figure = found.next().unwrap_or_else(|| panic!("{said}"))["value"].parse().unwrap();
                assert!(found.next().is_none(), "{said}");
                figure
            })
            .collect();
        assert!(figures[0] > 0.0 && figures[2] > 0.0, "{said}");
        assert!((0.8..0.99).contains(&figures[1]), "{said}");
        // It learns: it begins knowing little.
        assert!(said.contains("epoch 1: accuracy 0.") && said.contains("epoch 2: accuracy 0."), "{said}");
        accuracies.push(figures[1].to_bits());
    }
    accuracies.dedup();
    assert_eq!(accuracies.len(), 1, "{accuracies:?}");
}

#[test]
fn training_fails_when_it_is_not_right_often_enough() {
    let output = Program::build("training").run("1 16 1");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("training: after 1 epochs 0.") && said.ends_with("and 1 was wanted\n"),
        "{said}"
    );
    assert!(!String::from_utf8_lossy(&output.stdout).contains("time_to_accuracy"));
    // One that learns nothing stays at one in ten.
    let still = Program::build_changed("training", "RATE = 0.02f", "RATE = 0.0f").run("0.3 16 2");
    assert_eq!(still.status.code(), Some(1));
}

#[test]
fn training_refuses_what_it_cannot_do() {
    let training = Program::build("training");
    let refusals = [
        ("1.1", "training: ACCURACY must be a number from 0 to 1, not '1.1'"),
        ("nan", "training: ACCURACY must be a number from 0 to 1, not 'nan'"),
        ("0.9 15", "training: HIDDEN must be a whole number from 16 to 4096, not '15'"),
        ("0.9 16.5", "training: HIDDEN must be a whole number from 16 to 4096, not '16.5'"),
        ("0.9 16 0", "training: EPOCHS must be a whole number from 1 to 1000, not '0'"),
    ];
    for (args, message) in refusals {
        assert_eq!(training.refusal(args), (Some(2), message.to_owned()));
    }
    assert!(training.refusal("").1.starts_with("usage: training ACCURACY"));
}
