//! What kind of module a file is, by what stands in it: <https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#types-of-modules>.

use std::sync::LazyLock;

use fancy_regex::Regex;

use crate::base::shlex;

/// What has to be done to run a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It imports parts of ansible-core, which have to be sent with it.
    Python,
    /// It reads its arguments as JSON from a file that it is told.
    Json,
    /// A text in it is replaced by its arguments, as JSON.
    JsonInside,
    /// It reads its arguments as `k=v` words from a file that it is told.
    Words,
    /// As [`Kind::Json`], and no text.
    Binary,
    /// It is for Windows.
    PowerShell,
    /// It is no module but an action in Python, which does its part on the controller.
    Action,
}

/// The text that stands for the arguments of [`Kind::JsonInside`].
pub const ARGUMENTS: &str = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>";
/// The text that an old module has instead of an import.
const COMMON: &str = "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>";

static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    let relative = r"from +\.{2,} *module_utils.* +import ";
    let collection = r"from +ansible_collections\.[^.]+\.[^.]+\.plugins\.module_utils.* +import |import +ansible_collections\.[^.]+\.[^.]+\.plugins\.module_utils";
    let core = r"from +ansible\.module_utils.* +import |import +ansible\.module_utils\.";
    Regex::new(&format!("{relative}|{collection}|{core}")).expect("it is one")
});

static WINDOWS: LazyLock<Regex> = LazyLock::new(|| {
    let words =
        r"(?i)#Requires -(Module|Version)|#AnsibleRequires -(OSVersion|PowerShell|CSharpUtil|Wrapper)";
    Regex::new(&format!("# POWERSHELL_COMMON|{words}")).expect("it is one")
});

impl Kind {
    /// Of a file with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let matches = |regex: &Regex| regex.is_match(&*text).unwrap_or(false);
        if is_binary(bytes) {
            Self::Binary
        } else if text.contains(COMMON) || matches(&IMPORT) {
            Self::Python
        } else if matches(&WINDOWS) {
            Self::PowerShell
        } else if text.contains(ARGUMENTS) {
            Self::JsonInside
        } else if text.contains("WANT_JSON") {
            Self::Json
        } else {
            Self::Words
        }
    }
}

/// As Ansible tells: something in the beginning that is neither printed nor moves the cursor nor a byte of UTF-8.
fn is_binary(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, 7..=10 | 12 | 13 | 27 | 32..=126 | 128..);
    !bytes.iter().take(1024).all(is_text)
}

/// The words behind `#!` in the first line.
pub fn interpreter(bytes: &[u8]) -> Option<Vec<String>> {
    let line = bytes.split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
    let line = String::from_utf8_lossy(line);
    shlex::split(line.trim()).ok().filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_by_what_stands_in_a_file() {
        let kinds = [
            ("#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n", Kind::Python),
            ("import ansible.module_utils.basic\n", Kind::Python),
            ("from ..module_utils.mine import thing\n", Kind::Python),
            ("from ansible_collections.a.b.plugins.module_utils.c import d\n", Kind::Python),
            ("#!/usr/bin/python\n#<<INCLUDE_ANSIBLE_MODULE_COMMON>>\nmain()\n", Kind::Python),
            ("#!/bin/sh\n# WANT_JSON\n", Kind::Json),
            ("#!/bin/sh\n. \"$1\"\n", Kind::Words),
            ("#!powershell\n#Requires -Module Ansible\n", Kind::PowerShell),
            ("a = '''<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>'''\n", Kind::JsonInside),
            ("\u{7f}ELF\0", Kind::Binary),
            ("# nothing but UTF-8: ä€\n", Kind::Words),
        ];
        for (text, kind) in kinds {
            assert_eq!(Kind::of(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn the_first_line_says_who_reads_it() {
        assert_eq!(
            interpreter(b"#! /usr/bin/env python3 -I\r\nx").unwrap(),
            ["/usr/bin/env", "python3", "-I"]
        );
        assert_eq!(interpreter(b"x\n#!/bin/sh"), None);
        assert_eq!(interpreter(b"#!"), None);
    }
}
