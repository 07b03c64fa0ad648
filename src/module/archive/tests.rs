//! What is packed, compared with what tar, unzip and gzip find in it.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::super::{Context, Link};
use crate::base::{Map, RunMark, SystemClock, Value};
use crate::wire::{Outcome, Request, Stream};

struct NoLink;

impl Link for NoLink {
    fn send(&self, _: Stream, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn upload(&self, _: u32) -> io::Result<Box<dyn Read + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn cancelled(&self) -> Option<Duration> {
        None
    }
}

fn run(args: &[(&str, Value)], check: bool) -> Outcome {
    let args: Map = args.iter().map(|(key, value)| (*key, value.clone())).collect();
    let plain = Request::plain(RunMark::from("test"), 1, "archive", args, Duration::from_millis(500));
    let request = Request { check, ..plain };
    let mut ctx = Context { request: &request, link: &NoLink, clock: &SystemClock };
    (super::MODULE.run)(&request.args, &mut ctx)
}

fn list(command: &[&str]) -> Vec<String> {
    let said = Command::new(command[0]).args(&command[1..]).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let mut names: Vec<String> = String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect();
    names.sort();
    names
}

fn tree(at: &Path) {
    fs::create_dir_all(at.join("d/sub")).unwrap();
    fs::write(at.join("d/a b"), "one").unwrap();
    fs::write(at.join("d/sub/[x]"), "two").unwrap();
    fs::write(at.join("d/sub/skip.log"), "three").unwrap();
    std::os::unix::fs::symlink("a b", at.join("d/link")).unwrap();
}

#[test]
fn folders_are_packed_by_every_format() {
    for (format, lister) in [
        ("tar", ["tar", "tf"]),
        ("gz", ["tar", "tzf"]),
        ("bz2", ["tar", "tjf"]),
        ("xz", ["tar", "tJf"]),
        ("zstd", ["tar", "--zstd -tf"]),
        ("zip", ["unzip", "-Z1"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        tree(folder.path());
        let dest = at("out");
        let args = [
            ("path", Value::from(at("d"))),
            ("dest", dest.as_str().into()),
            ("format", format.into()),
            ("exclusion_patterns", "*.log".into()),
            ("mode", "0600".into()),
        ];
        let dry = run(&args, true);
        assert!(dry.changed && !Path::new(&dest).exists(), "{format}: {dry:?}");
        let once = run(&args, false);
        assert!(once.changed, "{format}: {once:?}");
        assert_eq!(once.values.get("dest_state"), Some(&"archive".into()));
        assert_eq!(once.values.get("mode"), Some(&"0600".into()));
        assert_eq!(once.values.get("arcroot"), Some(&at("").into()));
        let mut command: Vec<&str> = lister.iter().flat_map(|word| word.split(' ')).collect();
        command.push(&dest);
        let wanted = ["d/a b", "d/link", "d/sub/", "d/sub/[x]"];
        assert_eq!(list(&command), wanted, "{format}");
        for check in [true, false] {
            assert!(!run(&args, check).changed, "{format}: the second time");
        }
        fs::write(at("d/a b"), "other").unwrap();
        for check in [true, false] {
            assert!(run(&args, check).changed, "{format}: something else is in it");
        }
    }
}

#[test]
fn a_single_file_is_only_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("f"), "content").unwrap();
    let once = run(&[("path", at("f").into())], false);
    assert!(once.changed, "{once:?}");
    assert_eq!(once.values.get("dest"), Some(&at("f.gz").into()));
    assert_eq!(once.values.get("dest_state"), Some(&"compress".into()));
    assert_eq!(list(&["gzip", "-dc", &at("f.gz")]), ["content"]);
    let forced = [("path", at("f").into()), ("dest", at("f.tgz").into()), ("force_archive", true.into())];
    assert!(run(&forced, false).changed);
    assert_eq!(list(&["tar", "tzf", &at("f.tgz")]), ["f"]);
}

#[test]
fn what_was_packed_is_removed_when_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    tree(folder.path());
    fs::write(at("keep"), "").unwrap();
    let paths = Value::list(vec![at("d*").into(), at("none").into()]);
    let inside = [("path", paths.clone()), ("dest", at("d/x.tgz").into()), ("remove", true.into())];
    assert!(run(&inside, false).msg.unwrap().contains("can not be contained in source paths"));
    let args = [("path", paths), ("dest", at("x.tgz").into()), ("remove", true.into())];
    assert!(run(&args, true).changed && Path::new(&at("d/a b")).exists());
    let once = run(&args, false);
    assert!(once.changed && !Path::new(&at("d")).exists() && Path::new(&at("keep")).exists(), "{once:?}");
    assert_eq!(once.values.get("dest_state"), Some(&"incomplete".into()));
    assert_eq!(once.values.get("missing"), Some(&Value::list(vec![at("none").into()])));
}

#[test]
fn nothing_to_pack_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let said = |args: &[(&str, Value)]| run(args, false).msg.unwrap_or_default();
    assert_eq!(
        said(&[("path", at("*").into()), ("dest", at("x").into())]),
        "Error, no source paths were found"
    );
    tree(folder.path());
    let several = "Error, must specify \"dest\" when archiving multiple files or trees";
    assert_eq!(said(&[("path", at("d").into())]), several);
    let excluded = [("path", at("d").into()), ("dest", at("x").into()), ("exclude_path", at("d").into())];
    assert_eq!(said(&excluded), "Error, no source paths were found");
}
