//! The words of an expression.

use std::iter::Peekable;
use std::str::Chars;

use crate::base::Value;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `name`, which may also be that of a function.
    Name(String),
    /// `"name"`.
    Quoted(String),
    /// `'text'`, or JSON between backquotes.
    Literal(Value),
    Number(i128),
    Dot,
    Star,
    Flatten,
    Filter,
    Open,
    Close,
    Comma,
    Colon,
    Current,
    OpenCall,
    CloseCall,
    OpenBrace,
    CloseBrace,
    Or,
    Pipe,
    And,
    Reference,
    Not,
    Compare(Comparison),
    End,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// All words; the last is [`Token::End`].
pub(super) fn words(text: &str) -> Result<Vec<Token>, String> {
    let mut chars = text.chars().peekable();
    let mut words = Vec::new();
    while let Some(c) = chars.next() {
        if !" \t\r\n".contains(c) {
            words.push(word(c, &mut chars)?);
        }
    }
    words.push(Token::End);
    Ok(words)
}

fn word(first: char, chars: &mut Peekable<Chars<'_>>) -> Result<Token, String> {
    let second = chars.peek().copied();
    let mut either = |next: char, both: Token, alone: Token| {
        if chars.next_if_eq(&next).is_some() { both } else { alone }
    };
    Ok(match first {
        '.' => Token::Dot,
        '*' => Token::Star,
        ']' => Token::Close,
        ',' => Token::Comma,
        ':' => Token::Colon,
        '@' => Token::Current,
        '(' => Token::OpenCall,
        ')' => Token::CloseCall,
        '{' => Token::OpenBrace,
        '}' => Token::CloseBrace,
        '[' if second == Some(']') => either(']', Token::Flatten, Token::Open),
        '[' => either('?', Token::Filter, Token::Open),
        '|' => either('|', Token::Or, Token::Pipe),
        '&' => either('&', Token::And, Token::Reference),
        '<' => either('=', Token::Compare(Comparison::LessOrEqual), Token::Compare(Comparison::Less)),
        '>' => either('=', Token::Compare(Comparison::GreaterOrEqual), Token::Compare(Comparison::Greater)),
        '!' => either('=', Token::Compare(Comparison::NotEqual), Token::Not),
        '=' if second == Some('=') => either('=', Token::Compare(Comparison::Equal), Token::End),
        '\'' => Token::Literal(Value::from(until('\'', chars)?.replace("\\'", "'"))),
        '`' => Token::Literal(literal(&until('`', chars)?.replace("\\`", "`"))?),
        '"' => {
            let text = format!("\"{}\"", until('"', chars)?);
            Token::Quoted(serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))?)
        }
        'a'..='z' | 'A'..='Z' | '_' => {
            Token::Name(run(first, chars, |c| c == '_' || c.is_ascii_alphanumeric()))
        }
        '0'..='9' | '-' => {
            let digits = run(first, chars, |c| c.is_ascii_digit());
            Token::Number(digits.parse().map_err(|_| format!("`{digits}` is no number"))?)
        }
        other => return Err(format!("`{other}` means nothing")),
    })
}

fn run(first: char, chars: &mut Peekable<Chars<'_>>, goes_on: impl Fn(char) -> bool) -> String {
    let mut word = String::from(first);
    while let Some(c) = chars.next_if(|c| goes_on(*c)) {
        word.push(c);
    }
    word
}

/// The text up to the end mark; a backslash keeps what follows from being one.
fn until(end: char, chars: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match chars.next() {
            Some(c) if c == end => return Ok(text),
            Some('\\') => {
                text.push('\\');
                text.extend(chars.next());
            }
            Some(c) => text.push(c),
            None => return Err(format!("the closing `{end}` is missing")),
        }
    }
}

/// JSON; what is none is taken as a text without its quotes, which an older version of the language allowed.
fn literal(text: &str) -> Result<Value, String> {
    let quoted = || serde_json::from_str(&format!("\"{}\"", text.trim_start()));
    serde_json::from_str(text).or_else(|_| quoted()).map_err(|error| format!("`{text}` is no JSON: {error}"))
}
