//! A user's own pair of keys for ssh, made by `ssh-keygen`.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::Args;
use crate::module::Context;
use crate::module::accounts::User;
use crate::module::failure::{Doing, Failure};
use crate::module::process::Command;
use crate::wire::Outcome;

/// The kind of a key when none is said.
pub(super) fn kind() -> String {
    "rsa".to_owned()
}

/// Makes the pair where it is missing, and tells of the one that is there: `ssh_fingerprint`, `ssh_key_file`, `ssh_public_key`.
pub(super) fn make(
    args: &Args,
    user: &User,
    mut outcome: Outcome,
    ctx: &mut Context<'_>,
) -> Result<Outcome, Failure> {
    let file = match &args.ssh_key_file {
        Some(file) => Path::new(&user.home).join(file.expand(ctx)),
        None => Path::new(&user.home).join(format!(".ssh/id_{}", args.ssh_key_type)),
    };
    let public = public_of(&file);
    let there = [("private", &file), ("public", &public)].into_iter().find(|(_, path)| path.exists());
    match there {
        Some((what, path)) if !args.force => {
            // Words that playbooks know.
            let words = format!("Found existing ssh key {what} file \"{}\", no force", path.display());
            outcome.warnings.push(format!("{words}, so no new one is made"));
        }
        Some(_) | None => {
            outcome.changed = true;
            if !ctx.check() {
                generate(args, user, &file, ctx)?;
            }
        }
    }
    let shown = file.to_string_lossy().into_owned();
    if file.exists() {
        let said = ctx.ask(["ssh-keygen", "-l", "-f", &shown])?;
        let words = if said.well() { said.out } else { said.err };
        outcome = outcome.with("ssh_fingerprint", words.trim());
    }
    if let Ok(text) = std::fs::read_to_string(&public) {
        outcome = outcome.with("ssh_public_key", text.trim());
    }
    Ok(outcome.with("ssh_key_file", shown))
}

/// Where the program that `ssh-keygen` asks for the passphrase finds it.
const PASSPHRASE: &str = "BENCHBOOK_PASSPHRASE";

/// Such a program, beside the key; it goes when it is dropped.
fn answering(key: &Path) -> Result<tempfile::TempPath, Failure> {
    let folder = key.parent().unwrap_or(Path::new("/"));
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"${PASSPHRASE}\"\n");
    let mut builder = tempfile::Builder::new();
    builder.prefix(".benchbook-").permissions(std::fs::Permissions::from_mode(0o700));
    let mut file = builder.tempfile_in(folder).doing("create a temporary file in", folder)?;
    file.write_all(script.as_bytes()).doing("write", file.path())?;
    Ok(file.into_temp_path())
}

fn public_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn generate(args: &Args, user: &User, file: &Path, ctx: &mut Context<'_>) -> Result<(), Failure> {
    if let Some(folder) = file.parent().filter(|folder| !folder.exists()) {
        std::fs::DirBuilder::new().mode(0o700).create(folder).doing("make the folder", folder)?;
        chown(folder, Some(user.uid), Some(user.gid)).doing("change the owner of", folder)?;
    }
    for old in [file.to_owned(), public_of(file)] {
        if old.exists() {
            std::fs::remove_file(&old).doing("replace", &old)?;
        }
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let comment = args.ssh_key_comment.clone().unwrap_or_else(|| format!("ansible-generated on {name}"));
    let program = ctx.needed("ssh-keygen")?;
    let mut words = vec![program, "-q".to_owned(), "-t".to_owned(), args.ssh_key_type.clone()];
    if let Some(bits) = args.ssh_key_bits.filter(|bits| *bits > 0) {
        words.extend(["-b".to_owned(), bits.to_string()]);
    }
    words.extend(["-C".to_owned(), comment]);
    if args.ssh_key_passphrase.is_none() {
        words.extend(["-N".to_owned(), String::new()]);
    }
    words.extend(["-f".to_owned(), file.to_string_lossy().into_owned()]);
    let mut command = Command::new(words);
    let asked = args.ssh_key_passphrase.as_ref().map(|passphrase| {
        // Everybody may read the arguments of a program; only its owner its environment.
        let program = answering(file)?;
        let name: OsString = program.as_os_str().to_owned();
        command.environment.push(("SSH_ASKPASS".into(), name));
        command.environment.push(("SSH_ASKPASS_REQUIRE".into(), "force".into()));
        command.environment.push((PASSPHRASE.into(), passphrase.into()));
        Ok::<_, Failure>(program)
    });
    // The program is there until the key is made.
    let _program = asked.transpose()?;
    let said = ctx.ask_with(command)?;
    if !said.well() {
        let why = said.err.trim().to_owned();
        return Err(said.failure(format!("ssh-keygen cannot make the key: {why}")));
    }
    for made in [file.to_owned(), public_of(file)] {
        chown(&made, Some(user.uid), Some(user.gid)).doing("change the owner of", &made)?;
    }
    Ok(())
}
