//! Which marks a text uses and what they do with the white space around them.

use crate::base::Value;
use crate::vars::FileOptions;

/// How a text is to be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // four switches that users know by these names
pub(super) struct Marks {
    pub(super) block: (String, String),
    pub(super) print: (String, String),
    pub(super) comment: (String, String),
    pub(super) trim_blocks: bool,
    pub(super) lstrip_blocks: bool,
    /// Whether backslashes in literals inside `{{ }}` mean themselves, as in playbooks. In `{% %}`, in conditions and in
    /// template files they escape, as in Python.
    pub(super) literal_backslashes: bool,
}

/// What begins at a mark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Opening {
    Block,
    Print,
    Comment,
}

impl Default for Marks {
    fn default() -> Self {
        let pair = |begin: &str, end: &str| (begin.to_owned(), end.to_owned());
        Self {
            block: pair("{%", "%}"),
            print: pair("{{", "}}"),
            comment: pair("{#", "#}"),
            trim_blocks: true,
            lstrip_blocks: false,
            literal_backslashes: true,
        }
    }
}

impl Marks {
    /// Those of an expression without marks, and of files that a text includes.
    pub(super) fn escaping() -> Self {
        Self { literal_backslashes: false, ..Self::default() }
    }

    /// Those of a template file.
    pub(super) fn of_file(options: &FileOptions) -> Self {
        let default = Self::escaping();
        Self {
            block: options.block_marks.clone().unwrap_or(default.block),
            print: options.variable_marks.clone().unwrap_or(default.print),
            comment: options.comment_marks.clone().unwrap_or(default.comment),
            trim_blocks: options.trim_blocks,
            lstrip_blocks: options.lstrip_blocks,
            literal_backslashes: false,
        }
    }

    pub(super) fn begin(&self, opening: Opening) -> &str {
        match opening {
            Opening::Block => &self.block.0,
            Opening::Print => &self.print.0,
            Opening::Comment => &self.comment.0,
        }
    }

    pub(super) fn end(&self, opening: Opening) -> &str {
        match opening {
            Opening::Block => &self.block.1,
            Opening::Print => &self.print.1,
            Opening::Comment => &self.comment.1,
        }
    }

    /// The next begin mark from a place on; of two at one place the longer.
    pub(super) fn next(&self, text: &str, from: usize) -> Option<(usize, Opening)> {
        let all = [Opening::Comment, Opening::Block, Opening::Print];
        let first = all.map(|opening| self.begin(opening).chars().next());
        // One walk for the three of them: a mark that never comes would be looked for from each place to the end.
        text[from..].match_indices(|c| first.contains(&Some(c))).find_map(|(place, _)| {
            let rest = &text[from + place..];
            let here = all.into_iter().filter(|opening| rest.starts_with(self.begin(*opening)));
            here.max_by_key(|opening| self.begin(*opening).len()).map(|opening| (from + place, opening))
        })
    }
}

/// The line that begins with this changes how the rest is read.
const HEADER: &str = "#jinja2:";

/// Takes the options out of a first line `#jinja2: lstrip_blocks: True, …`. Gives the text below it.
pub(super) fn with_header<'a>(
    text: &'a str,
    options: &FileOptions,
) -> Result<(&'a str, FileOptions), String> {
    let Some(rest) = text.strip_prefix(HEADER) else { return Ok((text, options.clone())) };
    let Some((line, text)) = rest.split_once('\n') else {
        return Err(format!("nothing follows the line of `{HEADER}`"));
    };
    let mut options = options.clone();
    for pair in line.trim_end_matches('\r').split(',') {
        let (name, value) =
            pair.split_once(':').ok_or_else(|| format!("`{}` is no `name: value`", pair.trim()))?;
        set(&mut options, name.trim(), value.trim())?;
    }
    Ok((text, options))
}

fn set(options: &mut FileOptions, name: &str, written: &str) -> Result<(), String> {
    let value = crate::syntax::literal::parse(written, None)
        .ok_or_else(|| format!("`{written}` is no value for `{name}`"))?;
    let defaults = Marks::default();
    let mark = |pair: &mut Option<(String, String)>, default: (String, String), begins: bool| {
        let text =
            value.as_str().map(ToOwned::to_owned).ok_or_else(|| format!("`{name}` must be a string"))?;
        let pair = pair.get_or_insert(default);
        *(if begins { &mut pair.0 } else { &mut pair.1 }) = text;
        Ok(())
    };
    let flag = |flag: &mut bool| match value {
        Value::Bool(b) => {
            *flag = b;
            Ok(())
        }
        _ => Err(format!("`{name}` must be True or False")),
    };
    match name {
        "trim_blocks" => flag(&mut options.trim_blocks),
        "lstrip_blocks" => flag(&mut options.lstrip_blocks),
        "keep_trailing_newline" => Ok(()),
        "newline_sequence" => {
            value.as_str().unwrap_or("\n").clone_into(&mut options.newline_sequence);
            Ok(())
        }
        "block_start_string" => mark(&mut options.block_marks, defaults.block, true),
        "block_end_string" => mark(&mut options.block_marks, defaults.block, false),
        "variable_start_string" => mark(&mut options.variable_marks, defaults.print, true),
        "variable_end_string" => mark(&mut options.variable_marks, defaults.print, false),
        "comment_start_string" => mark(&mut options.comment_marks, defaults.comment, true),
        "comment_end_string" => mark(&mut options.comment_marks, defaults.comment, false),
        other => Err(format!("there is no option `{other}` for `{HEADER}`")),
    }
}
