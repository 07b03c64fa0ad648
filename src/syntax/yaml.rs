//! YAML text to nodes. The only file that names the parser crate, so that another can take its place.

use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};

use super::builder::Builder;
use super::problem::{Problem, describe};
use super::{Node, Style};
use crate::base::{Diagnostic, Diagnostics, Source, Span};

/// Collections may stand in each other this deep.
const NESTING: usize = 200;

/// All documents of a text. What is odd but allowed (a key twice) becomes a warning.
pub fn parse(source: &Arc<Source>, warnings: &mut Diagnostics) -> Result<Vec<Node>, Diagnostic> {
    let options = granit_parser::options! {
        flow_nesting_limit: NESTING,
        block_nesting_limit: NESTING,
        emit_comments: false,
    };
    let mut builder = Builder::new(source, warnings);
    for event in Parser::new_from_str_with_options(source.text(), options) {
        let (event, span) = event.map_err(|e| explain(&e, source))?;
        let range = span.byte_range().unwrap_or_default();
        let tag = |t: Option<std::borrow::Cow<'_, Tag>>| {
            let written = span.tag_span().and_then(|s| s.byte_range());
            t.map(|t| (t.to_string(), written.unwrap_or(range.clone())))
        };
        match event {
            Event::Scalar(text, style, anchor, t) => {
                builder.scalar(&text, style_of(style), anchor, &tag(t), range.clone())?;
            }
            Event::SequenceStart(_, anchor, t) => builder.open(false, anchor, tag(t), range.clone())?,
            Event::MappingStart(_, anchor, t) => builder.open(true, anchor, tag(t), range.clone())?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(range)?,
            Event::Alias(anchor) => builder.alias(anchor, range)?,
            _ => {}
        }
    }
    Ok(builder.documents())
}

/// The one document of a text, which may also be JSON; `None` if it says nothing.
pub fn parse_one(source: &Arc<Source>, warnings: &mut Diagnostics) -> Result<Option<Node>, Diagnostic> {
    let mut builder = Builder::new(source, warnings);
    if super::json::read(source.text(), &mut builder)? {
        return Ok(builder.documents().into_iter().next());
    }
    let mut documents = parse(source, warnings)?.into_iter();
    let first = documents.next();
    match documents.next() {
        Some(second) => Err(Diagnostic::error("several-documents", "this file may hold one document only")
            .at(&second.span)
            .label("the second one begins here")
            .help("remove the `---` between them, or split the file")),
        None => Ok(first),
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        ScalarStyle::Plain => Style::Plain,
    }
}

fn explain(error: &ScanError, source: &Arc<Source>) -> Diagnostic {
    use ErrorKind as K;
    let problem = match error.kind() {
        K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabAtBlockScalarStart
        | K::TabInIndentation
        | K::TabInPlainScalar => Problem::Tab,
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => Problem::UnclosedQuote,
        K::UnclosedFlowCollection { open } => Problem::UnclosedBracket(*open),
        K::UnexpectedEofFlowSequence => Problem::UnclosedBracket('['),
        K::UnexpectedEofFlowMapping | K::UnexpectedEofImplicitFlowMapping => Problem::UnclosedBracket('{'),
        K::ExpectedFlowMappingSeparator => Problem::Separator('}'),
        K::ExpectedFlowSequenceSeparator => Problem::Separator(']'),
        K::MisplacedFlowCollectionEnd => Problem::StrayBracket,
        K::MismatchedFlowCollectionEnd { open, close } => Problem::WrongBracket(*open, *close),
        K::MappingValueNotAllowed | K::InvalidColonPlacement => Problem::ColonInValue,
        K::SimpleKeyExpected | K::InvalidSimpleKey => Problem::NoColon,
        K::ExpectedBlockMappingKey
        | K::InvalidIndentation
        | K::ExpectedBlockSequenceEntry
        | K::BlockSequenceEntryNotAllowed
        | K::MappingKeyNotAllowed
        | K::ExpectedDocumentStart
        | K::InvalidFlowScalarIndent
        | K::InvalidQuotedScalarIndent
        | K::InvalidBlockScalarIndent => Problem::Indentation,
        K::UnknownAnchor => Problem::UnknownAlias,
        K::MissingAnchorOrAliasName => Problem::Star,
        K::UnexpectedCharacter { character } => Problem::Character(*character),
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => Problem::AfterQuote,
        K::UnknownQuotedScalarEscape | K::InvalidQuotedScalarHexEscape | K::InvalidUnicodeEscape => {
            Problem::Escape
        }
        K::RecursionLimitExceeded => Problem::TooDeep(NESTING),
        other => Problem::Other(other.to_string()),
    };
    describe(&problem, error.marker().byte_offset().unwrap_or(source.text().len()), source)
}

/// A place in `source`, cut to it.
pub(super) fn span(source: &Arc<Source>, range: std::ops::Range<usize>) -> Span {
    Span::new(source, range.start.min(source.text().len()), range.end.min(source.text().len()))
}
