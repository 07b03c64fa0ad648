//! A program that was put into a container moves to the place where it is looked for.
//!
//! It comes in an archive, which cannot be put there in one step: another controller could start the half of it.

use std::fs;
use std::io;
use std::path::Path;

/// The folder of this program, which holds nothing else, gets this name; unless there is one already, which then is as good.
pub fn settle(name: &str) -> io::Result<()> {
    move_to(&std::env::current_exe()?, name)
}

fn move_to(program: &Path, name: &str) -> io::Result<()> {
    let (Some(folder), Some(file)) = (program.parent(), program.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    let to = folder.with_file_name(name);
    let moved = fs::rename(folder, &to);
    if moved.is_err() && to.join(file).is_file() {
        return fs::remove_dir_all(folder);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_second_goes() {
        let all = tempfile::tempdir().unwrap();
        for (new, content) in [(".new-1", "first"), (".new-2", "second")] {
            let folder = all.path().join(new);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("program"), content).unwrap();
            move_to(&folder.join("program"), "settled").unwrap();
            assert_eq!(fs::read(all.path().join("settled/program")).unwrap(), b"first");
            assert!(!folder.exists());
        }
        assert!(move_to(&all.path().join("no/program"), "elsewhere").is_err());
    }
}
