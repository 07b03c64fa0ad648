//! Writes markup in which nothing but this program's own text can be a tag: what is no `&'static str` is escaped.

use std::fmt::{Display, Write as _};

use crate::report::markup;

/// Attributes of an element: their names are ours, their values anybody's.
pub(super) type Attributes<'a> = [(&'static str, &'a dyn Display)];

/// A piece of a page.
#[derive(Default)]
pub(super) struct Html(pub(super) String);

impl Html {
    /// Ours, as it is.
    pub(super) fn raw(&mut self, ours: &'static str) -> &mut Self {
        self.0 += ours;
        self
    }

    /// Anybody's text.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        self.0 += &markup::text(&text.to_string());
        self
    }

    /// A tag that opens.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &Attributes<'_>) -> &mut Self {
        self.begin(tag, attributes);
        self.0.push('>');
        self
    }

    /// The tag that closes it.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        let _ = write!(self.0, "</{tag}>");
        self
    }

    /// An element with a text.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &Attributes<'_>,
        text: impl Display,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// An element of a drawing, with nothing inside.
    pub(super) fn shape(&mut self, tag: &'static str, attributes: &Attributes<'_>) -> &mut Self {
        self.begin(tag, attributes);
        self.0 += "/>";
        self
    }

    /// Another piece.
    pub(super) fn append(&mut self, other: &Html) -> &mut Self {
        self.0 += &other.0;
        self
    }

    fn begin(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        let _ = write!(self.0, "<{tag}");
        for (name, value) in attributes {
            let _ = write!(self.0, " {name}=\"{}\"", markup::attribute(&value.to_string()));
        }
    }
}

/// A share of a width: `12.34%`.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
