//! Samples on their way from a sampler to the controller: lines of text, so that the output of a job can carry them.
//!
//! | line | what |
//! |---|---|
//! | `columns` TAB name TAB unit TAB name TAB unit … | what the values of the samples that follow are |
//! | `sample` TAB time TAB seconds TAB value TAB value … | one sample; `-` where there is no value |
//! | `trouble` TAB sentence | why samples are missing from here |

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// What one value of every sample is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// `cpu.busy`, `disk.sda.read`, `0.power`
    pub name: String,
    /// As `base::unit` writes units; empty when it has none.
    pub unit: String,
}

/// What a monitor saw at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// By the target's clock.
    pub time: Timestamp,
    /// The time that it tells of, in seconds before `time`: since the sample before it.
    pub seconds: f64,
    /// One for each column; nothing where there was none.
    pub values: Vec<Option<f64>>,
}

/// One line of a sampler.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// What follows has these columns.
    Columns(Vec<Column>),
    /// A sample.
    Sample(Sample),
    /// Why samples are missing from here.
    Trouble(String),
}

/// A text as a field: what would end a field or a line becomes a space.
struct Field<'a>(&'a str);

impl Display for Field<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.split(['\t', '\n', '\r']).enumerate().try_for_each(|(number, part)| {
            let space = if number > 0 { " " } else { "" };
            write!(f, "{space}{part}")
        })
    }
}

/// With its line feed.
impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns(columns) => {
                f.write_str("columns")?;
                for column in columns {
                    write!(f, "\t{}\t{}", Field(&column.name), Field(&column.unit))?;
                }
            }
            Self::Sample(Sample { time, seconds, values }) => {
                write!(f, "sample\t{}\t{seconds}", time.0)?;
                for value in values {
                    match value {
                        Some(value) => write!(f, "\t{value}")?,
                        None => f.write_str("\t-")?,
                    }
                }
            }
            Self::Trouble(text) => write!(f, "trouble\t{}", Field(text))?,
        }
        f.write_str("\n")
    }
}

impl Line {
    /// Reads a line without its line feed; nothing when it is none of a sampler.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        match fields.next()? {
            "columns" => {
                let mut columns = Vec::new();
                while let Some(name) = fields.next() {
                    columns.push(Column { name: name.to_owned(), unit: fields.next()?.to_owned() });
                }
                Some(Self::Columns(columns))
            }
            "sample" => {
                let time = Timestamp(fields.next()?.parse().ok()?);
                let seconds = fields.next().and_then(number)?;
                let value = |field: &str| {
                    if field == "-" { Some(None) } else { number(field).map(Some) }
                };
                let values = fields.map(value).collect::<Option<_>>()?;
                Some(Self::Sample(Sample { time, seconds, values }))
            }
            "trouble" => Some(Self::Trouble(line.split_once('\t')?.1.to_owned())),
            _ => None,
        }
    }
}

/// A number that can be reckoned with.
fn number(field: &str) -> Option<f64> {
    field.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_line() -> impl Strategy<Value = Line> {
        let word = "[^\t\r\n]{0,12}";
        let column = (word, word).prop_map(|(name, unit)| Column { name, unit });
        let value = prop::option::of(-1e300..1e300);
        prop_oneof![
            prop::collection::vec(column, 0..6).prop_map(Line::Columns),
            (any::<i64>(), 0.0..1e9, prop::collection::vec(value, 0..6)).prop_map(
                |(time, seconds, values)| Line::Sample(Sample { time: Timestamp(time), seconds, values })
            ),
            word.prop_map(Line::Trouble),
        ]
    }

    proptest! {
        #[test]
        fn a_line_comes_back(line in any_line()) {
            let text = line.to_string();
            prop_assert_eq!(text.matches('\n').count(), 1);
            prop_assert_eq!(Line::parse(text.strip_suffix('\n').unwrap()), Some(line));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            if let Some(line) = Line::parse(&text) {
                prop_assert_eq!(Line::parse(line.to_string().trim_end_matches('\n')), Some(line));
            }
        }
    }

    #[test]
    fn a_name_cannot_break_a_line() {
        let column = Column { name: "a\tb\nc".into(), unit: String::new() };
        assert_eq!(Line::Columns(vec![column]).to_string(), "columns\ta b c\t\n");
        assert_eq!(Line::parse("sample\t1\t1\tinf"), None);
    }
}
