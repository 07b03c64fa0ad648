//! From words to a tree. Each word binds what stands left of it by its strength; a projection reaches up to the first word
//! that is weaker than [`STOP`].

use std::sync::Arc;

use super::lexer::{Comparison, Token, words};
use crate::base::Value;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Current,
    Field(Arc<str>),
    Index(i128),
    Slice([Option<i128>; 3]),
    Literal(Value),
    /// The second in what the first gives.
    Chain(Box<Node>, Box<Node>),
    /// The second for each item of a list.
    Projection(Box<Node>, Box<Node>),
    /// The second for each value of a mapping.
    Values(Box<Node>, Box<Node>),
    /// The second for each item for which the third holds.
    Filter(Box<Node>, Box<Node>, Box<Node>),
    Flatten(Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Not(Box<Node>),
    List(Vec<Node>),
    Mapping(Vec<(Arc<str>, Node)>),
    Call(Arc<str>, Vec<Node>),
    /// `&expression`, for functions that evaluate it themselves.
    Reference(Box<Node>),
}

/// What is stronger goes on with a projection.
const STOP: u8 = 10;
/// Strength of `.`.
const DOT: u8 = 40;
/// Strength of `*` and of a slice.
const STAR: u8 = 20;
/// Deeper nesting is nobody's expression.
const DEEPEST: usize = 100;
/// A longer one would be a deep tree.
const LONGEST: usize = 10_000;

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let words = words(text)?;
    let mut parser = Parser { words, place: 0, depth: 0 };
    let node = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    words: Vec<Token>,
    place: usize,
    depth: usize,
}

fn strength(word: &Token) -> u8 {
    match word {
        Token::Pipe => 1,
        Token::Or => 2,
        Token::And => 3,
        Token::Compare(_) => 5,
        Token::Flatten => 9,
        Token::Star => STAR,
        Token::Filter => 21,
        Token::Dot => DOT,
        Token::Not => 45,
        Token::OpenBrace => 50,
        Token::Open => 55,
        Token::OpenCall => 60,
        _ => 0,
    }
}

fn chain(left: Node, right: Node) -> Node {
    Node::Chain(Box::new(left), Box::new(right))
}

impl Parser {
    fn peek(&self) -> &Token {
        self.words.get(self.place).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let word = self.peek().clone();
        self.place += 1;
        word
    }

    fn unexpected(&self) -> String {
        match self.peek() {
            Token::End => "something is missing at the end".to_owned(),
            other => format!("{other:?} stands at a wrong place"),
        }
    }

    fn take(&mut self, wanted: &Token) -> Result<(), String> {
        if self.peek() == wanted {
            self.place += 1;
            return Ok(());
        }
        Err(self.unexpected())
    }

    /// An expression of words that are stronger than `weakest`.
    fn expression(&mut self, weakest: u8) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the expression is nested too deeply".to_owned());
        }
        let mut left = self.first()?;
        while weakest < strength(self.peek()) {
            left = self.after(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn boxed(&mut self, weakest: u8) -> Result<Box<Node>, String> {
        self.expression(weakest).map(Box::new)
    }

    /// What an expression can begin with.
    fn first(&mut self) -> Result<Node, String> {
        let before = self.place;
        Ok(match self.next() {
            Token::Literal(value) => Node::Literal(value),
            Token::Name(name) => Node::Field(name.into()),
            Token::Quoted(name) if *self.peek() != Token::OpenCall => Node::Field(name.into()),
            Token::Current => Node::Current,
            Token::Star if *self.peek() == Token::Close => {
                Node::Values(Box::new(Node::Current), Box::new(Node::Current))
            }
            Token::Star => Node::Values(Box::new(Node::Current), self.projected(STAR)?),
            Token::Filter => self.filter(Node::Current)?,
            Token::OpenBrace => self.mapping()?,
            Token::OpenCall => {
                let inner = self.expression(0)?;
                self.take(&Token::CloseCall)?;
                inner
            }
            Token::Flatten => {
                Node::Projection(Box::new(Node::Flatten(Box::new(Node::Current))), self.projected(9)?)
            }
            Token::Not => Node::Not(self.boxed(45)?),
            Token::Reference => Node::Reference(self.boxed(0)?),
            Token::Open => match self.peek() {
                Token::Number(_) | Token::Colon => self.index(Node::Current)?,
                Token::Star if self.words.get(self.place + 1) == Some(&Token::Close) => {
                    self.place += 2;
                    Node::Projection(Box::new(Node::Current), self.projected(STAR)?)
                }
                _ => self.list()?,
            },
            _ => {
                self.place = before;
                return Err(self.unexpected());
            }
        })
    }

    /// What can follow an expression.
    fn after(&mut self, left: Node) -> Result<Node, String> {
        let before = self.place;
        if before > LONGEST {
            return Err("the expression is too long".to_owned());
        }
        let word = self.next();
        let left_box = |left: Node| Box::new(left);
        Ok(match word {
            Token::Dot if *self.peek() == Token::Star => {
                self.place += 1;
                Node::Values(left_box(left), self.projected(DOT)?)
            }
            Token::Dot => chain(left, self.after_dot(DOT)?),
            Token::Pipe => chain(left, self.expression(1)?),
            Token::Or => Node::Or(left_box(left), self.boxed(2)?),
            Token::And => Node::And(left_box(left), self.boxed(3)?),
            Token::Compare(comparison) => Node::Compare(comparison, left_box(left), self.boxed(5)?),
            Token::Filter => self.filter(left)?,
            Token::Flatten => Node::Projection(Box::new(Node::Flatten(left_box(left))), self.projected(9)?),
            Token::Open => match self.peek() {
                Token::Number(_) | Token::Colon => self.index(left)?,
                _ => {
                    self.take(&Token::Star)?;
                    self.take(&Token::Close)?;
                    Node::Projection(left_box(left), self.projected(STAR)?)
                }
            },
            Token::OpenCall => match left {
                Node::Field(name) => self.call(name)?,
                _ => return Err("only a name can be called".to_owned()),
            },
            _ => {
                self.place = before;
                return Err(self.unexpected());
            }
        })
    }

    /// What each item of a projection becomes.
    fn projected(&mut self, weakest: u8) -> Result<Box<Node>, String> {
        let node = match self.peek() {
            word if strength(word) < STOP => Node::Current,
            Token::Open | Token::Filter => self.expression(weakest)?,
            Token::Dot => {
                self.place += 1;
                self.after_dot(weakest)?
            }
            _ => return Err(self.unexpected()),
        };
        Ok(Box::new(node))
    }

    fn after_dot(&mut self, weakest: u8) -> Result<Node, String> {
        match self.peek() {
            Token::Name(_) | Token::Quoted(_) | Token::Star => self.expression(weakest),
            Token::Open => {
                self.place += 1;
                self.list()
            }
            Token::OpenBrace => {
                self.place += 1;
                self.mapping()
            }
            _ => Err(self.unexpected()),
        }
    }

    fn filter(&mut self, left: Node) -> Result<Node, String> {
        let condition = self.boxed(0)?;
        self.take(&Token::Close)?;
        let right =
            if *self.peek() == Token::Flatten { Box::new(Node::Current) } else { self.projected(21)? };
        Ok(Node::Filter(Box::new(left), right, condition))
    }

    /// `[1]` or `[1:2:3]`, behind the bracket.
    fn index(&mut self, left: Node) -> Result<Node, String> {
        let mut parts = [None; 3];
        let mut part = 0;
        loop {
            match self.next() {
                Token::Number(number) if part < 3 => parts[part] = Some(number),
                Token::Colon if part < 2 => part += 1,
                Token::Close => break,
                _ => {
                    self.place -= 1;
                    return Err(self.unexpected());
                }
            }
        }
        match (part, parts[0]) {
            (0, Some(index)) => Ok(chain(left, Node::Index(index))),
            _ => Ok(Node::Projection(Box::new(chain(left, Node::Slice(parts))), self.projected(STAR)?)),
        }
    }

    fn list(&mut self) -> Result<Node, String> {
        let mut items = vec![self.expression(0)?];
        while *self.peek() != Token::Close {
            self.take(&Token::Comma)?;
            items.push(self.expression(0)?);
        }
        self.take(&Token::Close)?;
        Ok(Node::List(items))
    }

    fn mapping(&mut self) -> Result<Node, String> {
        let mut pairs = Vec::new();
        loop {
            let (Token::Name(name) | Token::Quoted(name)) = self.peek().clone() else {
                return Err(self.unexpected());
            };
            self.place += 1;
            self.take(&Token::Colon)?;
            pairs.push((Arc::from(name), self.expression(0)?));
            match self.next() {
                Token::Comma => {}
                Token::CloseBrace => return Ok(Node::Mapping(pairs)),
                _ => {
                    self.place -= 1;
                    return Err(self.unexpected());
                }
            }
        }
    }

    fn call(&mut self, name: Arc<str>) -> Result<Node, String> {
        let mut arguments = Vec::new();
        while *self.peek() != Token::CloseCall {
            arguments.push(self.expression(0)?);
            if *self.peek() == Token::Comma {
                self.place += 1;
            }
        }
        self.place += 1;
        Ok(Node::Call(name, arguments))
    }
}
