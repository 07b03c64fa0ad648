//! Packages that are files, or are fetched as such.

use std::path::Path;

use super::calls::{Apt, outcome};
use super::install::recommends;
use super::known::Known;
use crate::module::failure::Doing;
use crate::module::{Answer, Context, Failure};
use crate::wire::Outcome;

/// Installs files of packages and what they need; those whose very version is installed stay.
pub(super) fn install(files: &str, apt: &Apt<'_>, ctx: &mut Context<'_>) -> Answer {
    let folder = tempfile::tempdir().doing("make a folder in", &std::env::temp_dir())?;
    let mut wanted = Vec::new();
    let known = Known::about(&std::collections::BTreeSet::new(), apt, ctx)?;
    for file in files.split(',') {
        let file = if file.contains("://") { fetch(file, folder.path(), ctx)? } else { absolute(file) };
        let [name, version, architecture] =
            ["Package", "Version", "Architecture"].map(|f| field(&file, f, ctx));
        let (name, version, architecture) = (name?, version?, architecture?);
        let full = if architecture == "all" { name } else { format!("{name}:{architecture}") };
        if known.installed(&full).version.as_deref() != Some(version.as_str()) {
            wanted.push(file);
        }
    }
    if wanted.is_empty() {
        return Ok(Outcome::ok(false).with("stdout", "").with("stderr", "").with("diff", ""));
    }
    let args = apt.args;
    let mut words: Vec<&str> = Vec::new();
    let flags = [
        (args.fail_on_autoremove, "--no-remove"),
        (args.allow_unauthenticated || args.force, "--allow-unauthenticated"),
        (args.allow_downgrade || args.force, "--allow-downgrades"),
        (args.allow_change_held_packages, "--allow-change-held-packages"),
    ];
    words.extend(flags.iter().filter(|(given, _)| *given).map(|(_, word)| *word));
    words.extend(args.force.then_some(["-o", "Dpkg::Options::=--force-all"]).into_iter().flatten());
    words.extend(recommends(args.install_recommends));
    words.push("install");
    words.extend(wanted.iter().map(String::as_str));
    let (line, said) = apt.change(words, ctx)?;
    if !said.well() {
        let msg = format!("{line} failed: {}", said.err);
        return Err(said.failure(msg));
    }
    Ok(outcome(true, said, ctx))
}

/// Apt takes for a file only what says where it is.
fn absolute(file: &str) -> String {
    std::path::absolute(file.trim()).map_or(file.to_owned(), |path| path.to_string_lossy().into_owned())
}

fn fetch(from: &str, folder: &Path, ctx: &mut Context<'_>) -> Result<String, Failure> {
    let name = from.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("package.deb");
    let to = folder.join(name).to_string_lossy().into_owned();
    download(from, &to, true, ctx)?;
    Ok(to)
}

/// Fetches a file the way apt does, with its proxies; `checked`: whether the other side's certificate counts.
pub(in crate::module) fn download(
    from: &str,
    to: &str,
    checked: bool,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    const HELPER: &str = "/usr/lib/apt/apt-helper";
    let helper = ctx.program("apt-helper").unwrap_or_else(|| HELPER.to_owned());
    let mut words = vec![helper.as_str()];
    if !checked {
        words.extend(["-o", "Acquire::https::Verify-Peer=false", "-o", "Acquire::https::Verify-Host=false"]);
    }
    words.extend(["download-file", from, to]);
    let said = ctx.ask(words)?;
    if said.well() {
        return Ok(());
    }
    let msg = format!("Failure downloading {from}, {}", said.err.trim());
    Err(said.failure(msg))
}

fn field(file: &str, field: &str, ctx: &mut Context<'_>) -> Result<String, Failure> {
    let program = ctx.needed("dpkg-deb")?;
    let said = ctx.ask([program.as_str(), "--field", file, field])?;
    if said.well() {
        return Ok(said.out.trim().to_owned());
    }
    let msg = format!("Unable to install package: {}", said.err.trim());
    Err(said.failure(msg))
}
