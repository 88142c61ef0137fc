//! One self-contained page: pictures inside it, no scripts, nothing loaded from elsewhere.

use super::base64;
use std::fmt::Write;

/// A heading and what stands under it.
#[derive(Debug, Clone)]
pub struct Section {
    pub title: String,
    pub blocks: Vec<Block>,
}

/// A piece of a section. All texts are plain: what means something in HTML is escaped.
#[derive(Debug, Clone)]
pub enum Block {
    /// A text that stands out, such as a verdict.
    Note(String),
    /// A plain paragraph.
    Text(String),
    /// Names and their values, such as the numbers of rows: in two columns on a desktop, in one on a phone.
    Facts(Vec<(String, String)>),
    /// Settings, commands, TOML: as it is, in a fixed-width font.
    Code(String),
    Table(Table),
    /// A PNG; `alt` says what it shows for those who cannot see it. It has no caption: pictures hold their own titles.
    Picture {
        png: Vec<u8>,
        alt: String,
    },
}

/// A table; numbers read best when the caller rounds them. Its first column holds the names of the rows.
#[derive(Debug, Clone)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#5c5c5c;--line:#d5d5d5;--paper:#fff;--panel:#f5f6f8;--mark:#0072b2;\
--more:#0003}\
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e6e6;--soft:#a4a4a4;--line:#3c3f44;--paper:#16181b;\
--panel:#202327;--mark:#56b4e9;--more:#000b}img{filter:brightness(.8)}}\
*{box-sizing:border-box}\
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;background:var(--paper);color:var(--ink);\
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:break-word;-webkit-text-size-adjust:100%;text-size-adjust:100%}\
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}\
h2{font-size:1.2rem;margin:2.2rem 0 .7rem;border-bottom:1px solid var(--line)}h1,h2{break-after:avoid}\
nav{color:var(--soft)}nav a{color:var(--mark);display:inline-block;padding:.25rem 0}\
p,pre,dl,figure,.wide{margin:0 0 1rem}p{max-width:50rem;orphans:3;widows:3}\
.note{border-left:4px solid var(--mark);background:var(--panel);padding:.6rem .9rem;break-inside:avoid}\
dl{columns:2 20rem;column-gap:2rem}\
dl div{display:flex;gap:.8rem;padding:.25rem 0;border-bottom:1px solid var(--line);break-inside:avoid}\
dt{flex:none;width:38%;color:var(--soft)}dd{flex:1;margin:0}dt,dd{min-width:0;overflow-wrap:anywhere}\
.wide,pre{overflow-x:auto;\
background:linear-gradient(to left,var(--under) 40%,transparent) right/3rem 100% no-repeat local,\
linear-gradient(to left,var(--more),transparent) right/.8rem 100% no-repeat,var(--under)}\
.wide{--under:var(--paper)}pre{--under:var(--panel);padding:.7rem .9rem;font-size:.875rem;overflow-wrap:normal}\
table{border-collapse:separate;border-spacing:0;font-size:.9375rem;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}\
td{white-space:nowrap}\
thead th{color:var(--soft);font-weight:600;line-height:1.25;max-width:8em;vertical-align:bottom}\
tbody th{font-weight:400}\
thead th:first-child,tbody th{position:sticky;left:0;max-width:20rem;padding-left:0;\
background:var(--paper);text-align:left}\
tr,figure{break-inside:avoid}\
img{display:block;box-sizing:content-box;max-width:calc(100% - 2px);height:auto;background:#fff;\
border:1px solid var(--line)}\
@media(max-width:40rem){body{padding-top:1rem}h1{font-size:1.35rem}table{font-size:.8125rem}th,td{padding:.3rem .35rem}\
thead th:first-child,tbody th{max-width:40vw;border-right:1px solid var(--line)}}\
@page{margin:1.5cm}\
@media print{:root{color-scheme:light}body,p{max-width:none}body{padding:0;font-size:10pt}nav{display:none}\
.wide,pre{overflow:visible;background:none}pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:0}\
.note{print-color-adjust:exact}table{font-size:8.5pt}th,td{padding:.15rem .45rem}\
thead th:first-child,tbody th{position:static;border-right:0}\
img{max-width:15.5cm}}";

/// The page, with links to its sections. It is complete in itself, opens from the disk, and follows the reader's
/// choice of light or dark.
pub fn html(title: &str, sections: &[Section]) -> String {
    let title = escape(title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    if sections.len() > 1 {
        let link =
            |(index, section): (usize, &Section)| format!("<a href=\"#s{index}\">{}</a>", escape(&section.title));
        let links: Vec<String> = sections.iter().enumerate().map(link).collect();
        page += &format!("<nav>{}</nav>\n", links.join(" · "));
    }
    for (index, section) in sections.iter().enumerate() {
        page += &format!("<section id=\"s{index}\">\n<h2>{}</h2>\n", escape(&section.title));
        section.blocks.iter().for_each(|block| add(&mut page, block));
        page += "</section>\n";
    }
    page + "</body>\n</html>\n"
}

fn add(page: &mut String, block: &Block) {
    // Writing to a String cannot fail.
    let _ = match block {
        Block::Note(text) => writeln!(page, "<p class=\"note\">{}</p>", escape(text)),
        Block::Text(text) => writeln!(page, "<p>{}</p>", escape(text)),
        Block::Facts(facts) => writeln!(page, "<dl>\n{}</dl>", facts.iter().map(fact).collect::<String>()),
        Block::Code(text) => writeln!(page, "<pre>{}</pre>", escape(text)),
        Block::Picture { png, alt } => {
            let data = base64::encode(png);
            writeln!(page, "<figure><img alt=\"{}\" src=\"data:image/png;base64,{data}\"></figure>", escape(alt))
        }
        Block::Table(table) => writeln!(page, "{}", rows(table)),
    };
}

fn fact((name, value): &(String, String)) -> String {
    format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value))
}

fn rows(table: &Table) -> String {
    let head: String = table.header.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escape(cell))).collect();
    let row = |row: &Vec<String>| {
        let cell = |(index, cell): (usize, &String)| match index {
            0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
            _ => format!("<td>{}</td>", escape(cell)),
        };
        format!("<tr>{}</tr>\n", row.iter().enumerate().map(cell).collect::<String>())
    };
    let body: String = table.rows.iter().map(row).collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>")
}

/// `html.escape(text)`; characters that no page may hold, such as NUL, become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#x27;",
            '\t' | '\n' | '\r' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(blocks: Vec<Block>) -> String {
        html("A & B", &[Section { title: "One".into(), blocks }, Section { title: "<Two>".into(), blocks: vec![] }])
    }

    // html.escape("""<a href="x">'&'</a>""")
    #[test]
    fn what_means_something_in_html_is_escaped() {
        assert_eq!(escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;");
        assert_eq!(escape("a\0b\u{1B}c\n"), "a\u{FFFD}b\u{FFFD}c\n");
        let evil = "<script>alert(1)</script>\" onload=\"x";
        let table = Table { header: vec![evil.into()], rows: vec![vec![evil.into(), evil.into()]] };
        let picture = Block::Picture { png: vec![1], alt: evil.into() };
        let [note, code, text] = [Block::Note, Block::Code, Block::Text].map(|block| block(evil.into()));
        let facts = Block::Facts(vec![(evil.into(), evil.into())]);
        let page = page(vec![note, code, text, facts, Block::Table(table), picture]);
        assert!(!page.contains("<script") && !page.contains("\" onload"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 9);
    }

    #[test]
    fn the_page_loads_nothing_and_holds_its_pictures() {
        let page = page(vec![Block::Picture { png: b"\x89PNG".to_vec(), alt: "a curve".into() }]);
        assert!(page.contains("<img alt=\"a curve\" src=\"data:image/png;base64,iVBORw==\">"), "{page}");
        assert!(!["http:", "https:", "//", "url(", "@import"].iter().any(|outside| page.contains(outside)), "{page}");
        assert!(page.contains("prefers-color-scheme:dark") && page.contains("charset=\"utf-8\""));
    }

    #[test]
    fn facts_are_a_list_of_names_and_values_and_a_text_is_a_paragraph() {
        let facts = [("rows", "3,000"), ("task", "regression")].map(|(name, value)| (name.into(), value.into()));
        let page = page(vec![Block::Facts(facts.into()), Block::Text("A < B.".into())]);
        let list = "<dl>\n<div><dt>rows</dt><dd>3,000</dd></div>\n<div><dt>task</dt><dd>regression</dd></div>\n</dl>\n";
        assert!(page.contains(&format!("{list}<p>A &lt; B.</p>\n")), "{page}");
    }

    // Without it a browser asks the server of a page for favicon.ico.
    #[test]
    fn the_page_has_an_empty_icon() {
        assert!(page(vec![]).contains("<link rel=\"icon\" href=\"data:,\">"));
    }

    #[test]
    fn every_section_has_its_link() {
        let page = page(vec![]);
        assert!(page.contains("<a href=\"#s1\">&lt;Two&gt;</a>") && page.contains("<section id=\"s1\">"), "{page}");
        assert!(page.contains("<title>A &amp; B</title>"));
    }
}
