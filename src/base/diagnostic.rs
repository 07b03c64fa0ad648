//! What the user is told when something is wrong: one sentence, the place in their file, what to do.
//!
//! Every layer has its own typed errors; each turns into a [`Diagnostic`]. The text is part of the product
//! and tested whole. Layout (rustc's), made by `annotate-snippets`.

use std::fmt;

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
        if let Some(span) = &self.span {
            group = place(group, span, AnnotationKind::Primary, &self.label);
        }
        for (span, words) in &self.related {
            group = place(group, span, AnnotationKind::Context, words);
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

fn place<'a>(group: Group<'a>, span: &'a Span, kind: AnnotationKind, label: &'a str) -> Group<'a> {
    let source = span.source();
    if source.text().is_empty() {
        return group.element(Level::NOTE.message(format!("in {}", source.name())));
    }
    let mut range = span.range();
    // A place of several lines is shown by its first line.
    if let Some(newline) = source.text()[range.clone()].find('\n') {
        range.end = range.start + newline;
    }
    let mut annotation = kind.span(range);
    if !label.is_empty() {
        annotation = annotation.label(label);
    }
    group.element(Snippet::source(source.text()).path(source.name()).annotation(annotation))
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

    /// `value` if there is no error, else all of them.
    pub fn into_result<T>(self, value: T) -> Result<(T, Diagnostics), Diagnostics> {
        if self.has_errors() { Err(self) } else { Ok((value, self)) }
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
