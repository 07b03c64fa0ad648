//! The page that `benchbook report` writes, as a browser shows it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::browser::Browser;
use crate::formats::page;
use crate::harness::Project;

/// Every figure that can be read on the page: of each line its case, figure, labels and host, and the numbers behind what is shown.
const FIGURES: &str = "[...document.querySelectorAll('tr[data-case]')].filter(line => line.querySelector('.median')).map(line => {
    const value = of => line.querySelector(of) ? +line.querySelector(of).value : null;
    return [line.dataset.case, line.dataset.figure, line.dataset.labels, line.dataset.host,
            value('.median'), value('.low'), value('.high'), line.querySelector('.median').textContent];
})";

/// Everything that there is to read, also what is folded away.
const TEXT: &str = "document.body.textContent.replace(/\\s+/g, ' ').replace(document.scripts[0].textContent.replace(/\\s+/g, ' '), '')";

/// What the page is made to say by `benchbook report`.
fn written(project: &Project, options: &str) -> PathBuf {
    let output = project.shell(&format!("benchbook report last {options}")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = project.path().join(said.trim_end());
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hunter2secret"), "{text}");
    path
}

fn shown(project: &Project) -> Json {
    let output = project.shell("benchbook show --all --format json").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The same as on the page, by `show --format json`.
fn figures(summary: &Json) -> BTreeMap<String, [f64; 3]> {
    let mut figures = BTreeMap::new();
    for row in summary["rows"].as_array().unwrap() {
        let labels = row["labels"].as_array().unwrap().iter();
        let labels: Vec<String> =
            labels.map(|l| format!("{}={}", l[0].as_str().unwrap(), l[1].as_str().unwrap())).collect();
        for (host, cell) in row["cells"].as_object().unwrap() {
            let statistics = &cell["statistics"];
            let Some(median) = statistics["median"].as_f64() else { continue };
            // Below six rounds there is no interval.
            let ends =
                if statistics["n"].as_u64() >= Some(6) { &statistics["interval"] } else { &Json::Null };
            let low = ends["low"].as_f64().or(statistics["min"].as_f64()).unwrap();
            let high = ends["high"].as_f64().or(statistics["max"].as_f64()).unwrap();
            let key = format!("{} {} {} {host}", row["case"], row["figure"], labels.join(";"));
            figures.insert(key, [median, low, high]);
        }
    }
    figures
}

#[track_caller]
fn agree(read: &Json, summary: &Json) {
    let mut found = BTreeMap::new();
    for line in read.as_array().unwrap() {
        let number = |at: usize| line[at].as_f64().unwrap();
        let key =
            format!("{} {} {} {}", line[0], line[1], line[2].as_str().unwrap(), line[3].as_str().unwrap());
        found.insert(key, [number(4), number(5), number(6)]);
    }
    assert_eq!(found, figures(summary));
    assert_eq!(found.len(), 11);
}

#[test]
fn the_page_says_what_show_says_wherever_it_is_read() {
    let project = page();
    let again =
        project.transcript("benchbook run playbook.yml -i hosts.yml -e @secrets.yml -e rate=9500 2>&1");
    assert!(again.ends_with("--- exit 1\n"), "{again}");
    let runs = fs::read_dir(project.path().join("runs")).unwrap();
    let first = runs.map(|run| run.unwrap().file_name().into_string().unwrap()).min().unwrap();
    let path = written(&project, &format!("--compare {first}"));
    let Some(mut browser) = Browser::start() else { return };
    let summary = shown(&project);
    let mut texts = Vec::new();
    for scripts in [true, false] {
        browser.run_scripts(scripts);
        for (width, colour) in [(1440, "light"), (1280, "dark"), (390, "light"), (390, "dark")] {
            browser.widen(width);
            browser.colour(colour);
            browser.open(&path);
            agree(&browser.ask(FIGURES), &summary);
            texts.push(browser.ask(TEXT).as_str().unwrap().to_owned());
            let wide = browser.ask("document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(width.into()), "{wide} pixels of {width}");
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{width} {colour}, scripts {scripts}");
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "what is said depends on the window: {texts:#?}");
    let said = &texts[0];
    for wanted in [
        "1 case failed",
        "<script>document.title = \"hacked\"</script>",
        "Look <i>around</i>",
        "variable rate: not given → 9500",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let sections = browser.ask("[...document.querySelectorAll('section')].map(section => section.id)");
    assert_eq!(sections, json!(["compared", "figures", "course", "graph", "hosts", "logs"]));
    let ours = browser.ask("[document.images.length, document.scripts.length, document.title.slice(0, 11)]");
    assert_eq!(ours, json!([0, 1, "playbook · "]), "what a host says is text");
    aligned(&mut browser, &path, &summary);
}

/// Rounds stand where they were, on the line of steps and behind the curves; the pointer shows values.
fn aligned(browser: &mut Browser, path: &std::path::Path, summary: &Json) {
    browser.run_scripts(true);
    browser.widen(1280);
    browser.open(path);
    let drawn = browser.ask(
        "[...document.querySelectorAll('figure.host')].map(host => ({
            host: host.querySelector('figcaption').textContent, seconds: +host.dataset.seconds,
            rounds: [...host.querySelectorAll('.lane rect.round')].map(round => parseFloat(round.getAttribute('x')) / 100),
            shades: [...host.querySelectorAll('svg.curve')].map(curve =>
                [...curve.querySelectorAll('.shade')].flatMap(shade =>
                    [...shade.getAttribute('d').matchAll(/M([\\d.]+)/g)].map(at => at[1] / 1000)).sort((a, b) => a - b)),
        }))",
    );
    for host in drawn.as_array().unwrap() {
        let slices = summary["slices"].as_array().unwrap().iter();
        let own = slices.filter(|slice| slice["host"] == host["host"] && slice["warmup"] == false);
        let mut began: Vec<f64> = own.map(|slice| slice["from"].as_f64().unwrap() / 1e9).collect();
        began.sort_by(f64::total_cmp);
        let list = |of: &Json| of.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
        let rounds = list(&host["rounds"]);
        assert_eq!(rounds.len(), began.len(), "{host}");
        let seconds = host["seconds"].as_f64().unwrap();
        for (at, (drawn, began_at)) in rounds.iter().zip(&began).enumerate() {
            // A share of a percent of ten seconds, and the clocks of one machine.
            let apart = (drawn - rounds[0]) * seconds - (began_at - began[0]);
            assert!(apart.abs() < 0.02, "round {at} of {host} is {apart} s from where it was");
        }
        let curves = host["shades"].as_array().unwrap();
        assert!(curves.len() >= 3, "processors, memory, power: {host}");
        for shades in curves {
            assert!(list(shades).iter().zip(&rounds).all(|(a, b)| (a - b).abs() < 0.001), "{host}");
        }
    }
    let place = browser.ask(
        "(() => { const lane = document.querySelector('svg.lane'); lane.scrollIntoView({block: 'center'});
            const box = lane.getBoundingClientRect(); return [box.left + box.width / 2, box.top + 5]; })()",
    );
    let order = json!({"type": "mouseMoved", "x": place[0], "y": place[1]});
    browser.call("Input.dispatchMouseEvent", &order);
    let pointed = browser.ask("[...document.querySelectorAll('.pointed')].map(label => label.textContent)");
    assert!(pointed[0].as_str().is_some_and(|text| text.ends_with(" cores")), "{pointed}");
    assert_eq!(
        pointed.as_array().unwrap().iter().filter(|text| text.as_str() == Some("41.5 W  40.5 W")).count(),
        1
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
