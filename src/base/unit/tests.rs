//! Units: every spelling, every conversion, and the prefix that a person would choose.

use proptest::prelude::*;

use super::*;

/// Every spelling the table can read.
fn spellings() -> Vec<(String, &'static Base, &'static Prefix)> {
    let mut all = Vec::new();
    for base in &BASES {
        for symbol in std::iter::once(&base.symbol).chain(base.aliases) {
            for prefix in base.prefixes {
                for before in std::iter::once(prefix.symbol).chain(prefix.alias) {
                    all.push((format!("{before}{symbol}"), base, prefix));
                }
            }
        }
    }
    all
}

#[test]
fn every_spelling_means_one_unit() {
    for (spelling, base, prefix) in spellings() {
        match Unit::parse(&spelling) {
            Unit::Known(known) => {
                assert_eq!(
                    (known.base.symbol, known.prefix.symbol),
                    (base.symbol, prefix.symbol),
                    "{spelling}"
                );
            }
            Unit::Other(word) => panic!("{word} was not read"),
        }
    }
}

#[test]
fn conversions() {
    let cases = [
        (12.0, "MB/s", "GB/s", 0.012),
        (8.0, "GB/s", "MB/s", 8000.0),
        (1.0, "GiB/s", "MiB/s", 1024.0),
        (1.0, "KiB", "B", 1024.0),
        (100.0, "Gbit/s", "GB/s", 12.5),
        (8.0, "Gb/s", "MB/s", 1000.0),
        (1.0, "Gbps", "Mbit/s", 1000.0),
        (1.5, "TFLOPS", "GFLOP/s", 1500.0),
        (2.0, "h", "min", 120.0),
        (3.0, "µs", "ns", 3000.0),
        (3.0, "\u{3bc}s", "us", 3.0),
        (1.0, "EiB", "PiB", 1024.0),
        (16.0, "Gbit", "GB", 2.0),
        (1.5, "d", "h", 36.0),
        (300.0, "K", "°C", 26.85),
        (212.0, "°F", "degC", 100.0),
        (100.0, "°C", "°F", 212.0),
        (0.0, "°C", "K", 273.15),
        (3000.0, "rpm", "Hz", 50.0),
        (250.0, "ppm", "%", 0.025),
        (1.2, "V", "mV", 1200.0),
        (2.0, "Mpps", "packets/s", 2e6),
        (2.0, "GTEPS", "MTEPS", 2000.0),
        (250.0, "us", "ms", 0.25),
        (50.0, "%", "ratio", 0.5),
        (2.0, "Wh", "kJ", 7.2),
        (2.0, "kIOPS", "IOPS", 2000.0),
        (3.0, "Mtok/s", "tokens/s", 3e6),
        (7.0, "furlong", "furlong", 7.0),
    ];
    for (value, from, to, expected) in cases {
        let got = convert(value, &Unit::parse(from), &Unit::parse(to)).unwrap();
        assert!((got - expected).abs() <= 1e-12 * expected, "{value} {from} in {to}: {got}");
    }
}

#[test]
fn different_things_do_not_convert() {
    let cases = [
        ("GB/s", "GB"),
        ("IOPS", "op/s"),
        ("images/s", "samples/s"),
        ("TOPS", "TFLOPS"),
        ("ms", "Hz"),
        ("furlong", "fathom"),
        ("count", "ratio"),
        ("V", "A"),
        ("queries/s", "transactions/s"),
        ("GB/S", "GB/s"),
    ];
    for (from, to) in cases {
        let (from, to) = (Unit::parse(from), Unit::parse(to));
        assert!(!from.converts_to(&to));
        assert!(convert(1.0, &from, &to).is_err());
    }
    let error = convert(1.0, &Unit::parse("MB/s"), &Unit::parse("msec")).unwrap_err();
    assert_eq!(error.to_string(), "a figure in `MB/s` cannot be given in `ms`");
}

#[test]
fn figures_of_a_row_share_unit_and_decimals() {
    let cases: &[(&str, &[f64], &str, &str)] = &[
        ("MB/s", &[11_932.4, 11_800.0], "GB/s", "11.9 11.8"),
        ("MB/s", &[21_430.0, 7_123.0], "GB/s", "21.4 7.1"),
        ("GFLOP/s", &[98.21], "GFLOP/s", "98.2"),
        ("GFLOP/s", &[1_234.0], "TFLOP/s", "1.23"),
        ("GB/s", &[0.85], "MB/s", "850.0"),
        ("MiB/s", &[2048.0], "GiB/s", "2.00"),
        ("MiB", &[1023.0], "MiB", "1023"),
        ("s", &[0.002_5], "ms", "2.50"),
        ("s", &[90.0], "s", "90.0"),
        ("ns", &[0.1], "ns", "0.100"),
        ("min", &[0.02], "min", "0.0200"),
        ("%", &[99.5], "%", "99.5"),
        ("count", &[1_234_567.0], "count", "1234567"),
        ("furlong", &[0.5, 0.0], "furlong", "0.500 0.000"),
        ("furlong", &[1e-7], "furlong", "1.00e-7"),
        ("GB/s", &[0.0], "GB/s", "0"),
    ];
    for (unit, values, shown_unit, shown) in cases {
        let scale = Unit::parse(unit).scale_for(values);
        let texts: Vec<String> = values.iter().map(|v| scale.format(*v)).collect();
        assert_eq!((scale.unit.to_string().as_str(), texts.join(" ").as_str()), (*shown_unit, *shown));
    }
}

#[test]
fn quantities() {
    let cases = [
        ("8 GB/s", "8 GB/s"),
        ("8GB/s", "8 GB/s"),
        (" -1.5e3 ms ", "-1500 ms"),
        ("8 EFLOPS", "8 EFLOP/s"),
        ("5e", "5 e"),
        (".5", "0.5"),
        ("3.", "3"),
        ("95 %", "95 %"),
    ];
    for (text, expected) in cases {
        assert_eq!(Quantity::parse(text).unwrap().to_string(), expected, "{text}");
    }
    for text in ["", "GB/s", "1e999", "nan", "inf", "8,5 GB/s", "1.2.3", "--1", "1_000"] {
        let error = Quantity::parse(text).unwrap_err();
        assert_eq!(error.to_string(), format!("`{text}` is not a number with a unit, such as `8 GB/s`"));
    }
    let limit = Quantity::parse("8 GB/s").unwrap();
    assert_eq!(limit.value_in(&Unit::parse("MB/s")), Ok(8000.0));
    assert_eq!(Quantity::parse("8").unwrap().value_in(&Unit::parse("MB/s")), Ok(8.0));
    assert!(limit.value_in(&Unit::parse("s")).is_err());
}

proptest! {
    #[test]
    fn a_unit_reads_back_as_itself(word in "\\PC{0,12}") {
        let unit = Unit::parse(&word);
        prop_assert_eq!(Unit::parse(&unit.to_string()), unit);
    }

    #[test]
    fn there_and_back_again(i in 0..1000_usize, j in 0..1000_usize, value in -1e12..1e12_f64) {
        let all = spellings();
        let (from, to) = (Unit::parse(&all[i % all.len()].0), Unit::parse(&all[j % all.len()].0));
        match convert(value, &from, &to) {
            Ok(there) => {
                let back = convert(there, &to, &from).unwrap();
                // Where zeros differ, little is lost of what is near one of them.
                prop_assert!((back - value).abs() <= 1e-12 * value.abs().max(1.0));
            }
            Err(_) => prop_assert!(!from.converts_to(&to)),
        }
    }

    #[test]
    fn quantities_read_back(value in proptest::num::f64::NORMAL, i in 0..1000_usize) {
        let all = spellings();
        let quantity = Quantity { value, unit: Some(Unit::parse(&all[i % all.len()].0)) };
        prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
    }

    #[test]
    fn reading_never_panics(text in "\\PC*") {
        if let Ok(quantity) = Quantity::parse(&text) {
            prop_assert!(quantity.value.is_finite());
        }
    }

    #[test]
    fn the_best_unit_keeps_the_value(i in 0..1000_usize, value in 1e-3..1e9_f64) {
        let all = spellings();
        let unit = Unit::parse(&all[i % all.len()].0);
        let best = unit.best_for(value);
        prop_assert!(best.converts_to(&unit));
        let scale = unit.scale_for(&[value]);
        let shown: f64 = scale.format(value).parse().unwrap();
        let back = convert(shown, &scale.unit, &unit).unwrap();
        prop_assert!((back - value).abs() <= 0.051 * value, "{} {} shown as {} {}", value, unit, shown, scale.unit);
    }
}
