//! The first line is a path or a column, the rest is an output: figures lie where they say, or the mistake is told.
#![no_main]

use std::sync::Arc;

use benchbook::base::{Span, Spanned};
use benchbook::model::{Better, Metric, MetricSource, Take};
use benchbook::run::figures::extract;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let first = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (Ok(path), output) = (str::from_utf8(&input[..first]), &input[first..]) else { return };
    let spanned = |text: &str| Spanned::new(Arc::from(text), Span::nowhere("fuzz"));
    let labels = vec![spanned("a")];
    let sources = [
        MetricSource::Regex(spanned("(?P<a>[a-z]*) *(?P<value>[-+0-9.e,]+)")),
        MetricSource::Json { path: spanned(path), labels: Vec::new() },
        MetricSource::Json { path: spanned("$[*].v"), labels: labels.clone() },
        MetricSource::Csv { column: spanned(path), labels, separator: ',' },
    ];
    for source in sources {
        let metric = Metric {
            span: Span::nowhere("fuzz"),
            name: spanned("figure"),
            unit: spanned("s"),
            better: Better::Lower,
            source,
            from: None,
            take: Some(Take::First),
            expect: Vec::new(),
        };
        match extract(&metric, output) {
            Ok(figures) => {
                assert!(figures.iter().all(|figure| {
                    figure.range.0 <= figure.range.1 && figure.range.1 <= output.len() as u64
                }))
            }
            Err(error) => drop(error.to_string()),
        }
    }
});
