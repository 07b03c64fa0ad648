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
    /// What begins a line that is a statement as a whole; empty where nothing does.
    pub(super) line: String,
    /// What begins a comment that its line ends; empty where nothing does.
    pub(super) line_comment: String,
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
    Line,
    LineComment,
}

impl Default for Marks {
    fn default() -> Self {
        let pair = |begin: &str, end: &str| (begin.to_owned(), end.to_owned());
        Self {
            block: pair("{%", "%}"),
            print: pair("{{", "}}"),
            comment: pair("{#", "#}"),
            line: String::new(),
            line_comment: String::new(),
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
            line: options.line_statement_prefix.clone(),
            line_comment: options.line_comment_prefix.clone(),
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
            Opening::Line => &self.line,
            Opening::LineComment => &self.line_comment,
        }
    }

    pub(super) fn end(&self, opening: Opening) -> &str {
        match opening {
            Opening::Block => &self.block.1,
            Opening::Print => &self.print.1,
            Opening::Comment => &self.comment.1,
            Opening::Line | Opening::LineComment => "\n",
        }
    }

    /// The next begin mark from a place on; of two at one place the longer.
    pub(super) fn next(&self, text: &str, from: usize) -> Option<(usize, Opening)> {
        let all = [Opening::Comment, Opening::Block, Opening::Print, Opening::Line, Opening::LineComment];
        let first = all.map(|opening| self.begin(opening).chars().next());
        // One walk for the three of them: a mark that never comes would be looked for from each place to the end.
        text[from..].match_indices(|c| first.contains(&Some(c))).find_map(|(place, _)| {
            let rest = &text[from + place..];
            let here = all.into_iter().filter(|opening| {
                let begin = self.begin(*opening);
                !begin.is_empty()
                    && rest.starts_with(begin)
                    && (*opening != Opening::Line || is_first(text, from + place))
            });
            here.max_by_key(|opening| self.begin(*opening).len()).map(|opening| (from + place, opening))
        })
    }
}

/// Whether only blanks stand before a place in its line.
fn is_first(text: &str, place: usize) -> bool {
    let before = &text[..place];
    let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
    line.trim().is_empty()
}

/// Whether an expression stands in marks as a whole.
pub(super) fn is_all_marks(text: &str) -> bool {
    let text = text.trim();
    ["{{", "{%", "{#"].iter().any(|begin| text.starts_with(begin))
        && ["}}", "%}", "#}"].iter().any(|end| text.ends_with(end))
}

/// Whether there are marks inside an expression.
pub(super) fn has_marks_inside(expression: &str) -> bool {
    expression.contains("{{") && expression.contains("}}")
}

/// The engine drops one newline at the end of a text; Ansible puts all of them back.
pub(super) fn keep_newlines(text: &str, output: &str) -> String {
    let count = |t: &str| t.len() - t.trim_end_matches('\n').len();
    let lost = count(text).saturating_sub(count(output));
    format!("{output}{}", "\n".repeat(lost))
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
        return Err(format!("Missing newline after '{HEADER}' override"));
    };
    let mut options = options.clone();
    for pair in line.trim_end_matches('\r').split(',') {
        if pair.trim().is_empty() {
            return Err(format!("Empty '{HEADER}' override pair not allowed"));
        }
        let missing = || format!("Missing key-value separator `:` in '{HEADER}' override pair '{pair}'");
        let (name, value) = pair.split_once(':').ok_or_else(missing)?;
        set(&mut options, name.trim(), value.trim())?;
    }
    let marks = Marks::of_file(&options);
    if marks.block.0 == marks.print.0 || marks.print.0 == marks.comment.0 || marks.comment.0 == marks.block.0
    {
        return Err("Block, variable and comment start strings must be different".to_owned());
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
    let prefix = |prefix: &mut String| match &value {
        Value::Null => Ok(()),
        Value::String(text) => {
            text.as_str().clone_into(prefix);
            Ok(())
        }
        _ => Err(format!("`{name}` must be a string")),
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
        "line_statement_prefix" => prefix(&mut options.line_statement_prefix),
        "line_comment_prefix" => prefix(&mut options.line_comment_prefix),
        "block_start_string" => mark(&mut options.block_marks, defaults.block, true),
        "block_end_string" => mark(&mut options.block_marks, defaults.block, false),
        "variable_start_string" => mark(&mut options.variable_marks, defaults.print, true),
        "variable_end_string" => mark(&mut options.variable_marks, defaults.print, false),
        "comment_start_string" => mark(&mut options.comment_marks, defaults.comment, true),
        "comment_end_string" => mark(&mut options.comment_marks, defaults.comment, false),
        other => Err(format!("Invalid '{HEADER}' override key '{other}'")),
    }
}
