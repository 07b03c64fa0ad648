//! Monitors that are declared in YAML: a command prints a table, and this is how its text becomes figures.
//!
//! A row is one device, a column one figure of it. What cannot be read as a number (`[N/A]`) is a value that is missing; a row
//! without any number is a heading.

use fancy_regex::Regex;
use serde::Deserialize;

use super::Readings;

/// How the text of a command is read.
#[derive(Clone, Debug, Deserialize)]
pub struct Declared {
    /// What separates the fields.
    #[serde(default)]
    pub parser: Parser,
    /// For `regex`: every match is a row, its named groups are columns.
    #[serde(default)]
    pub pattern: Option<String>,
    /// What the fields are, in their order.
    pub columns: Vec<Field>,
}

/// What separates fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parser {
    /// A row per line, fields between spaces.
    #[default]
    Words,
    /// A row per line, fields between commas.
    Csv,
    /// A row per match of `pattern`.
    Regex,
}

/// One field of a row.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Field {
    /// Its name; nothing for a field that nobody wants.
    #[serde(default)]
    pub name: String,
    /// As `base::unit` writes units.
    #[serde(default)]
    pub unit: String,
    /// It names the row: `0`, `GPU-1`.
    #[serde(default)]
    pub label: bool,
    /// It counts up: what is sampled is how much it grows in a second.
    #[serde(default)]
    pub counter: bool,
}

impl Declared {
    /// Reads what the command printed. An error says that the pattern is none.
    pub fn read(&self, text: &str, readings: &mut Readings) -> Result<(), String> {
        let rows: Vec<Vec<&str>> = match self.parser {
            Parser::Words => text.lines().map(|line| line.split_whitespace().collect()).collect(),
            Parser::Csv => text.lines().map(|line| line.split(',').map(str::trim).collect()).collect(),
            Parser::Regex => self.matches(text)?,
        };
        let is_data = |row: &&Vec<&str>| self.figures(row).any(|(_, value)| value.is_some());
        let rows: Vec<&Vec<&str>> = rows.iter().filter(is_data).collect();
        for (number, row) in rows.iter().enumerate() {
            let prefix = self.prefix(row, number, rows.len());
            for (field, value) in self.figures(row) {
                let (name, unit) = (format!("{prefix}{}", field.name), field.unit.as_str());
                match value {
                    Some(counter) if field.counter => readings.rate(&name, unit, counter),
                    value => readings.value(&name, unit, value.filter(|_| !field.counter)),
                }
            }
        }
        Ok(())
    }

    fn matches<'t>(&self, text: &'t str) -> Result<Vec<Vec<&'t str>>, String> {
        let pattern = self.pattern.as_deref().ok_or("`parser: regex` needs a `pattern`")?;
        let regex = Regex::new(&format!("(?m){pattern}")).map_err(|error| error.to_string())?;
        let row = |found: fancy_regex::Captures<'t, str>| {
            let group = |field: &Field| found.name(&field.name).map_or("", |group| group.as_str());
            self.columns.iter().map(group).collect()
        };
        // A pattern that gives up on a text finds nothing more in it.
        Ok(regex.captures_iter(text).map_while(Result::ok).map(row).collect())
    }

    /// The figures of a row.
    fn figures<'a>(&'a self, row: &'a [&'a str]) -> impl Iterator<Item = (&'a Field, Option<f64>)> {
        let wanted = self.columns.iter().zip(row).filter(|(field, _)| !field.label && !field.name.is_empty());
        wanted.map(|(field, text)| (field, number(text)))
    }

    /// Which row it is: its labels, or its number where there are several.
    fn prefix(&self, row: &[&str], number: usize, rows: usize) -> String {
        let labels = self.columns.iter().zip(row).filter(|(field, _)| field.label).map(|(_, text)| *text);
        let labels: Vec<&str> = labels.collect();
        match (labels.is_empty(), rows) {
            (false, _) => format!("{}.", labels.join(".")),
            (true, 0 | 1) => String::new(),
            (true, _) => format!("{number}."),
        }
    }
}

/// `45`, `45 %`, `120.5 W`: the number that a field begins with.
fn number(field: &str) -> Option<f64> {
    let word = field.split_whitespace().next()?;
    word.trim_end_matches('%').parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(name: &str, unit: &str) -> Field {
        Field { name: name.into(), unit: unit.into(), ..Field::default() }
    }

    fn read(declared: &Declared, text: &str) -> String {
        let mut readings = Readings::default();
        readings.begin(0.0);
        declared.read(text, &mut readings).unwrap();
        let pairs = readings.columns().iter().zip(readings.values());
        let shown =
            pairs.map(|(c, v)| format!("{}={}{}", c.name, v.map_or("-".into(), |v| v.to_string()), c.unit));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_row_per_device() {
        let index = Field { label: true, ..field("index", "") };
        let columns = vec![index, field("", ""), field("use", "%"), field("power", "W")];
        let csv = Declared { parser: Parser::Csv, pattern: None, columns: columns.clone() };
        let text =
            "index, name, utilization.gpu [%], power.draw [W]\n0, H100, 45 %, 120.5 W\n1, H100, 0 %, [N/A]\n";
        assert_eq!(read(&csv, text), "0.use=45% 0.power=120.5W 1.use=0% 1.power=-W");
        let words = Declared { parser: Parser::Words, pattern: None, columns: columns[2..].to_vec() };
        assert_eq!(read(&words, "7 8\n"), "use=7% power=8W");
        assert_eq!(read(&words, "7 8\n9 10\n"), "0.use=7% 0.power=8W 1.use=9% 1.power=10W");
        let pattern = Some(r"^card(?<index>\d+).*?(?<power>[\d.]+) W$".to_owned());
        let columns = vec![columns[0].clone(), columns[3].clone()];
        let regex = Declared { parser: Parser::Regex, pattern, columns };
        assert_eq!(
            read(&regex, "card0: power 12.5 W\nnothing\ncard1: power 9 W\n"),
            "0.power=12.5W 1.power=9W"
        );
    }

    #[test]
    fn a_pattern_that_is_none_is_told() {
        let declared = Declared { parser: Parser::Regex, pattern: Some("(".into()), columns: Vec::new() };
        assert!(declared.read("x", &mut Readings::default()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,200}", parser in 0..3_usize) {
            let parser = [Parser::Words, Parser::Csv, Parser::Regex][parser];
            let pattern = Some(r"(?<a>\S+) (?<b>\S+)".to_owned());
            let columns = vec![Field { label: true, ..field("a", "") }, field("b", "W")];
            read(&Declared { parser, pattern, columns }, &text);
        }

        #[test]
        fn figures_that_were_printed_are_read(rows in prop::collection::vec((0_u16..9999, 0_u16..9999), 1..6)) {
            let declared = Declared { parser: Parser::Csv, pattern: None, columns: vec![field("a", ""), field("b", "")] };
            let lines: Vec<_> = rows.iter().map(|(a, b)| format!("{a}, {b}")).collect();
            let text = lines.join("\n");
            let mut readings = Readings::default();
            declared.read(&text, &mut readings).unwrap();
            let expected: Vec<_> = rows.iter().flat_map(|(a, b)| [Some(f64::from(*a)), Some(f64::from(*b))]).collect();
            prop_assert_eq!(readings.values(), expected.as_slice());
        }
    }
}
