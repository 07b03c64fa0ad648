//! What git is told about ssh: in its environment, which is the only place for it.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::super::failure::{Doing, Failure};
use super::super::path::{temporary, variable_value};
use super::Args;
use super::Context;

type Environment = (Vec<(OsString, OsString)>, Option<tempfile::TempPath>);

/// The variables, and the file that they name where git is too old for options.
pub(super) fn environment(
    args: &Args,
    version: Option<(u32, u32)>,
    ctx: &mut Context<'_>,
) -> Result<Environment, Failure> {
    let options = options(args, ctx)?;
    let ssh = variable_value("GIT_SSH", ctx)
        .or_else(|| variable_value("GIT_SSH_COMMAND", ctx))
        .unwrap_or_else(|| "ssh".to_owned());
    let line = format!("{ssh} {options}");
    if version.is_none_or(|version| version >= (2, 3)) {
        return Ok((vec![("GIT_SSH_COMMAND".into(), line.into())], None));
    }
    let folder = temporary(ctx);
    let made = tempfile::Builder::new().prefix("benchbook-git-ssh.").tempfile_in(&folder);
    let mut file = made.doing("make a file in", &folder)?;
    writeln!(file, "#!/bin/sh\nexec {line} \"$@\"").doing("write", file.path())?;
    let runs = std::fs::Permissions::from_mode(0o700);
    file.as_file().set_permissions(runs).doing("change the mode of", file.path())?;
    let path = file.into_temp_path();
    Ok((vec![("GIT_SSH".into(), path.as_os_str().to_owned())], Some(path)))
}

fn options(args: &Args, ctx: &mut Context<'_>) -> Result<String, Failure> {
    let mut options = variable_value("GIT_SSH_OPTS", ctx).unwrap_or_default();
    let mut add = |option: &str, unless: &[&str]| {
        if !unless.iter().any(|other| options.contains(other)) {
            if !options.is_empty() {
                options.push(' ');
            }
            options.push_str(option);
        }
    };
    if let Some(given) = &args.ssh_opts {
        add(given, &[]);
    }
    let known = ["StrictHostKeyChecking=no", "StrictHostKeyChecking=accept-new"];
    if args.accept_hostkey {
        add("-o StrictHostKeyChecking=no", &known);
    }
    if args.accept_newhostkey && knows_new_keys(ctx)? {
        add("-o StrictHostKeyChecking=accept-new", &known);
    }
    // Nobody is there who could answer.
    add("-o BatchMode=yes", &["BatchMode=yes"]);
    if let Some(key) = &args.key_file {
        let key = format!("-i {}", key.expand(ctx).display());
        add(&key, &[&key]);
        add("-o IdentitiesOnly=yes", &["IdentitiesOnly=yes"]);
    }
    Ok(options)
}

fn knows_new_keys(ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let Some(ssh) = ctx.program("ssh") else {
        let msg = "Remote host is missing ssh command, so you cannot use acceptnewhostkey option.";
        return Err(Failure::new(msg).with("details", "Failed to find required executable \"ssh\""));
    };
    Ok(ctx.ask([ssh.as_str(), "-o", "StrictHostKeyChecking=accept-new", "-V"])?.well())
}
