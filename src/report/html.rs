//! The HTML report: one file that needs no network.
//!
//! It is put together from `templates/report*`. Its data is one JSON block that the script reads; the policy lets nothing run or load
//! but the one script and the one style in it. The same input gives the same bytes.

mod context;

pub(crate) use context::HtmlContext;

use super::{Renderer, Report, json};
use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("../../templates/report.html");
const STYLE: &str = include_str!("../../templates/report/report.css");
/// In the order in which they build on each other.
const SCRIPTS: [&str; 9] = [
    include_str!("../../templates/report/model.js"),
    include_str!("../../templates/report/elements.js"),
    include_str!("../../templates/report/overview.js"),
    include_str!("../../templates/report/treemap.js"),
    include_str!("../../templates/report/navigate.js"),
    include_str!("../../templates/report/why.js"),
    include_str!("../../templates/report/tables.js"),
    include_str!("../../templates/report/sides.js"),
    include_str!("../../templates/report/start.js"),
];

/// The report as one page that a browser opens without a network.
pub(crate) struct Html<'a> {
    pub(crate) context: HtmlContext<'a>,
}

impl Renderer for Html<'_> {
    fn render(&self, report: &Report<'_>) -> String {
        page(report, &self.context)
    }
}

fn page(report: &Report<'_>, context: &HtmlContext<'_>) -> String {
    let script = format!("(() => {{\n\"use strict\";\n{}}})();\n", SCRIPTS.concat());
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        fingerprint(&script),
        fingerprint(STYLE)
    );
    let data = serde_json::json!({ "report": json::value(report), "beside": context::document(report, context) });
    filled(PAGE, &[("policy", &policy), ("style", STYLE), ("data", &embedded(&data)), ("script", &script)])
}

/// JSON in which no name can end the script element: `<` is the only character with a meaning to HTML there.
fn embedded(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c")
}

/// As a content security policy names an inline script or style.
fn fingerprint(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text)))
}

/// The template with `{{name}}` replaced by its part, from left to right: a part is never read as a template itself.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    for (name, part) in parts {
        let marker = format!("{{{{{name}}}}}");
        if let Some((before, after)) = rest.split_once(&marker) {
            out.push_str(before);
            out.push_str(part);
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Bundle, Content, Module, ModuleType, Owner};

    fn rendered(name: &str) -> String {
        let module = Module {
            name: name.to_owned(),
            kind: ModuleType::Python,
            content: Content::Inline(Vec::new()),
            bytes: 7,
            owner: Owner::Project,
        };
        let bundle = Bundle { main_module: name.to_owned(), modules: vec![module], raw_bytes: 7, ..Bundle::default() };
        let report = Report { command: "check".into(), bundle: Some(&bundle), ..Report::default() };
        Html { context: HtmlContext::default() }.render(&report)
    }

    fn data(page: &str) -> Value {
        let (_, after) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
        serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
    }

    #[test]
    fn the_page_is_whole_and_holds_the_report() {
        let page = rendered("main.py");
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(!page.contains("{{"), "a part is missing");
        assert_eq!(data(&page)["report"]["bundle"]["modules"][0]["name"], "main.py");
        assert_eq!(data(&page)["beside"]["host"], Value::Null);
    }

    #[test]
    fn no_name_breaks_out_of_its_block() {
        let name = "</script><img src=x onerror=alert(1)>{{script}}<!--<script>.py";
        let page = rendered(name);
        assert!(!page.contains("<img"), "markup of a name in the page");
        assert_eq!(data(&page)["report"]["bundle"]["main_module"], name);
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script>").count(), 2);
    }

    #[test]
    fn the_policy_names_the_one_script_and_the_one_style() {
        let page = rendered("main.py");
        let between = |open: &str, close: &str| page.split_once(open).unwrap().1.split_once(close).unwrap().0;
        for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
            assert!(page.contains(&fingerprint(between(open, close))), "{open}");
        }
        assert!(!page.contains("unsafe-inline") && !page.contains("unsafe-eval"));
    }

    #[test]
    fn the_same_report_is_the_same_page() {
        assert_eq!(rendered("a.py"), rendered("a.py"));
    }

    #[test]
    fn the_template_asks_nothing_of_a_network() {
        for text in [PAGE, STYLE].into_iter().chain(SCRIPTS) {
            for word in
                ["http://", "https://", "fetch(", "XMLHttpRequest", "import(", "innerHTML", "outerHTML", "eval("]
            {
                let found = text.matches(word).count();
                let namespaces = text.matches("http://www.w3.org/2000/svg").count();
                assert_eq!(found, if word == "http://" { namespaces } else { 0 }, "{word}");
            }
        }
    }
}
