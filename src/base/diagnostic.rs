//! What the user is told when something is wrong: one sentence, the place in their file, what to do.
//!
//! Every layer has its own typed errors; each turns into a [`Diagnostic`]. The text is part of the product
//! and tested whole. Layout (rustc's), made by `annotate-snippets`.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run goes on; the user should know.
    Warning,
    /// Nothing was touched; the user has to mend something.
    Error,
}

/// One message to the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for it, such as `unknown-keyword`; scripts and the reference page use it.
    pub code: &'static str,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// The place in the user's files.
    pub span: Option<Span>,
    /// A few words beside the caret.
    pub label: String,
    /// Other places that matter, with their words.
    pub related: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error. The code is stable; the message is one sentence.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span: None,
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.span = Some(span.clone());
        self
    }

    /// Words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Another place that matters.
    #[must_use]
    pub fn related(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.related.push((span.clone(), label.into()));
        self
    }

    /// What to do about it; may be called several times.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds `did you mean` when there is a near word.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match super::suggest::nearest(word, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// The whole text for a terminal, with or without colour.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()).id(self.code));
        for places in self.places() {
            group = snippet(group, &places);
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// A place with its words and whether it is the main one.
type Place<'a> = (&'a Span, AnnotationKind, &'a str);

impl Diagnostic {
    /// The main place and the related ones, those of one file together.
    fn places(&self) -> Vec<Vec<Place<'_>>> {
        let main = self.span.iter().map(|s| (s, AnnotationKind::Primary, self.label.as_str()));
        let related = self.related.iter().map(|(s, words)| (s, AnnotationKind::Context, words.as_str()));
        let mut files: Vec<Vec<Place<'_>>> = Vec::new();
        for place in main.chain(related) {
            match files.iter_mut().find(|f| Arc::ptr_eq(f[0].0.source(), place.0.source())) {
                Some(file) => file.push(place),
                None => files.push(vec![place]),
            }
        }
        files
    }
}

/// The lines of one file with its places marked.
fn snippet<'a>(group: Group<'a>, places: &[Place<'a>]) -> Group<'a> {
    let source = places[0].0.source();
    if source.text().is_empty() {
        return group.element(Level::NOTE.message(format!("in {}", source.name())));
    }
    if source.is_secret() {
        return places.iter().fold(group, |group, (span, _, label)| {
            let words = if label.is_empty() { String::new() } else { format!(": {label}") };
            group.element(Level::NOTE.message(format!("at {span}, which is encrypted{words}")))
        });
    }
    let mut snippet = Snippet::source(source.text()).path(source.name());
    for (span, kind, label) in places {
        let mut range = span.range();
        // A place of several lines is shown by its first line.
        if let Some(newline) = source.text()[range.clone()].find('\n') {
            range.end = range.start + newline;
        }
        let annotation = kind.span(range);
        snippet = snippet.annotation(if label.is_empty() { annotation } else { annotation.label(*label) });
    }
    group.element(snippet)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
impl std::error::Error for Diagnostic {}

/// Several diagnostics: whoever checks goes on after the first, so that the user sees all at once.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; the same one twice is kept once.
    pub fn push(&mut self, diagnostic: impl Into<Diagnostic>) {
        let diagnostic = diagnostic.into();
        let same = |d: &Diagnostic| {
            d.code == diagnostic.code
                && d.message == diagnostic.message
                && d.span.as_ref().map(ToString::to_string)
                    == diagnostic.span.as_ref().map(ToString::to_string)
        };
        if !self.0.iter().any(same) {
            self.0.push(diagnostic);
        }
    }

    /// Keeps the error of a result and gives its value if there is one.
    pub fn keep<T, E: Into<Diagnostic>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|e| self.push(e)).ok()
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: Diagnostics) {
        other.0.into_iter().for_each(|d| self.push(d));
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// In the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorted as a reader meets them: file by file, in the order of the lines.
    #[must_use]
    pub fn in_file_order(mut self) -> Self {
        let mut files: Vec<String> = Vec::new();
        for span in self.0.iter().filter_map(|d| d.span.as_ref()) {
            if !files.iter().any(|f| f == span.source().name()) {
                files.push(span.source().name().to_owned());
            }
        }
        let place = |d: &Diagnostic| {
            let span = d.span.as_ref()?;
            Some((files.iter().position(|f| f == span.source().name()), span.range().start))
        };
        self.0.sort_by_key(place);
        self
    }

    /// `value` if there is no error, else all of them.
    pub fn into_result<T>(self, value: T) -> Result<(T, Diagnostics), Diagnostics> {
        if self.has_errors() { Err(self.in_file_order()) } else { Ok((value, self)) }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    /// In the order they were found.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Self(vec![d])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{d}")?;
        }
        Ok(())
    }
}
impl std::error::Error for Diagnostics {}
