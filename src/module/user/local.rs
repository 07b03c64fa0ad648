//! A user of this machine alone, by libuser's programs: they pass by what a directory service knows.

use super::{Args, memberships, shadow};
use crate::module::Context;
use crate::module::accounts::{User, administer};
use crate::module::failure::Failure;
use crate::module::programs::Said;

/// A program, its words, and whom or what it changes.
type Call = (&'static str, Vec<String>, String);

/// Does what `useradd`, or `usermod` for somebody who is there, would do with these words.
pub(super) fn administer_locally(
    args: &Args,
    there: Option<&User>,
    words: Vec<String>,
    ctx: &mut Context<'_>,
) -> Result<Said, Failure> {
    let others = there.map(|user| memberships(&user.name, user.gid, ctx).1).unwrap_or_default();
    let mut all = Said::default();
    for (program, words, of) in calls(args, there.is_some(), words, &others) {
        let said = administer(program, words, &of, ctx)?;
        all.out.push_str(&said.out);
        all.err.push_str(&said.err);
    }
    Ok(all)
}

/// `others` are the groups that the user is in already. Groups and the end of an account have programs of their own.
fn calls(args: &Args, is_there: bool, words: Vec<String>, others: &[String]) -> Vec<Call> {
    let (mut own, mut groups, mut ends) = (Vec::new(), None, false);
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-G" | "-aG" => groups = words.next(),
            "-e" => ends = words.next().is_some(),
            // It makes a home by itself.
            "-m" if !is_there => {}
            "-N" => own.push("-n".to_owned()),
            _ => own.push(word),
        }
    }
    let name = || args.name.clone();
    let mut calls = Vec::new();
    if !is_there || !own.is_empty() {
        calls.push((if is_there { "lusermod" } else { "luseradd" }, own, name()));
    }
    if let Some(expires) = args.expires.filter(|_| ends) {
        let day = Some(shadow::day(expires)).filter(|day| !day.is_empty());
        calls.push(("lchage", vec!["-E".to_owned(), day.unwrap_or_else(|| "-1".to_owned())], name()));
    }
    let Some(groups) = groups else { return calls };
    let wanted: Vec<&str> = groups.split(',').filter(|group| !group.is_empty()).collect();
    let missing = wanted.iter().filter(|group| !others.iter().any(|other| other == **group));
    let unwanted = others.iter().filter(|other| !args.append && !wanted.contains(&other.as_str()));
    let change = |word: &str, group: &str| ("lgroupmod", vec![word.to_owned(), name()], group.to_owned());
    calls.extend(missing.map(|group| change("-M", group)));
    calls.extend(unwanted.map(|group| change("-m", group)));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, is_there: bool, words: &str, others: &[&str]) -> Vec<String> {
        let args = crate::base::args::from_map(&serde_yaml::from_str(text).unwrap()).unwrap();
        let words = words.split_whitespace().map(str::to_owned).collect();
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        let line = |(program, words, of): Call| format!("{program} {} {of}", words.join(" "));
        calls(&args, is_there, words, &others).into_iter().map(line).collect()
    }

    #[test]
    fn each_change_has_a_program_of_its_own() {
        assert_eq!(
            said("{name: ada, expires: 86400}", false, "-m -G a,b -N -e 1 -s /bin/sh", &[]),
            ["luseradd -n -s /bin/sh ada", "lchage -E 1 ada", "lgroupmod -M ada a", "lgroupmod -M ada b"]
        );
        assert_eq!(
            said("{name: ada, expires: -1}", true, "-G a,b -e 0", &["b", "c"]),
            ["lchage -E -1 ada", "lgroupmod -M ada a", "lgroupmod -m ada c"]
        );
        assert_eq!(said("{name: ada, append: true}", true, "-aG a", &["b"]), ["lgroupmod -M ada a"]);
        assert_eq!(said("{name: ada}", true, "-d /home/b -m", &[]), ["lusermod -d /home/b -m ada"]);
    }
}
