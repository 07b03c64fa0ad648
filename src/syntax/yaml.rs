//! YAML text to nodes. The only file that names the parser crate, so that another can take its place.

use std::borrow::Cow;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};

use super::builder::Builder;
use super::padded::Padded;
use super::problem::{Problem, describe};
use super::{Node, Style};
use crate::base::{Diagnostic, Diagnostics, Source, Span};

/// Collections may stand in each other this deep.
const NESTING: usize = 200;

/// All documents of a text. What is odd but allowed (a key twice) becomes a warning.
pub fn parse(source: &Arc<Source>, warnings: &mut Diagnostics) -> Result<Vec<Node>, Diagnostic> {
    let mut text = Padded::of(source.text());
    let mut first = None;
    loop {
        let mut odd = Diagnostics::new();
        let (problem, place) = match read(source, &text, &mut odd) {
            Ok(nodes) => {
                warnings.extend(odd);
                return Ok(nodes);
            }
            Err(Stop::Told(problem)) => (problem, None),
            Err(Stop::Scan(error)) => {
                let flush = matches!(error.kind(), ErrorKind::InvalidQuotedScalarIndent);
                (explain(&error, &text, source), error.marker().byte_offset().filter(|_| flush))
            }
        };
        // What was wrong before anything was moved is what the user should hear.
        let problem = first.get_or_insert(problem);
        if !place.is_some_and(|at| text.pad(at)) {
            return Err(problem.clone());
        }
    }
}

/// What ended an attempt.
enum Stop {
    Scan(ScanError),
    Told(Diagnostic),
}

impl From<Diagnostic> for Stop {
    fn from(problem: Diagnostic) -> Self {
        Self::Told(problem)
    }
}

fn read(source: &Arc<Source>, text: &Padded<'_>, warnings: &mut Diagnostics) -> Result<Vec<Node>, Stop> {
    let options = granit_parser::options! {
        flow_nesting_limit: NESTING,
        block_nesting_limit: NESTING,
        emit_comments: false,
    };
    let mut builder = Builder::new(source, warnings);
    for event in Parser::new_from_str_with_options(&text.text, options) {
        let (event, span) = event.map_err(Stop::Scan)?;
        let range = text.original(span.byte_range().unwrap_or_default());
        let tag = |t: Option<Cow<'_, Tag>>| {
            let written = span.tag_span().and_then(|s| s.byte_range()).map(|written| text.original(written));
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

fn explain(error: &ScanError, text: &Padded<'_>, source: &Arc<Source>) -> Diagnostic {
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
    let at = error.marker().byte_offset().map_or(source.text().len(), |at| text.original(at..at).start);
    describe(&problem, at, source)
}

/// A place in `source`, cut to it.
pub(super) fn span(source: &Arc<Source>, range: std::ops::Range<usize>) -> Span {
    Span::new(source, range.start.min(source.text().len()), range.end.min(source.text().len()))
}
