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
    /// Settings, commands, TOML: as it is, in a fixed-width font.
    Code(String),
    Table(Table),
    /// A PNG; `alt` says what it shows for those who cannot see it.
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
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#5c5c5c;--line:#d5d5d5;--paper:#fff;--panel:#f5f6f8;--mark:#0072b2}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--soft:#a4a4a4;--line:#3c3f44;--paper:#16181b;--panel:#202327;\
--mark:#56b4e9}}\
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;background:var(--paper);color:var(--ink);\
font:1rem/1.5 system-ui,sans-serif}\
h1{font-size:1.6rem;margin:0 0 1rem}h2{font-size:1.2rem;margin:2.2rem 0 .7rem;border-bottom:1px solid var(--line)}\
nav{color:var(--soft)}nav a,a{color:var(--mark)}\
.note{border-left:4px solid var(--mark);background:var(--panel);padding:.6rem .9rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.25rem .8rem;border-bottom:1px solid var(--line);text-align:right}td{white-space:nowrap}\
th:first-child,td:first-child{text-align:left}thead th{color:var(--soft);font-weight:600}tbody th{font-weight:400}\
pre{background:var(--panel);padding:.7rem .9rem;overflow-x:auto}\
img{max-width:100%;height:auto;background:#fff;border:1px solid var(--line);margin:.4rem 0}\
@media print{nav{display:none}section{break-inside:avoid}}";

/// The page, with links to its sections. It is complete in itself, opens from the disk, and follows the reader's
/// choice of light or dark.
pub fn html(title: &str, sections: &[Section]) -> String {
    let title = escape(title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n"
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
        Block::Code(text) => writeln!(page, "<pre>{}</pre>", escape(text)),
        Block::Picture { png, alt } => {
            let data = base64::encode(png);
            writeln!(page, "<p><img alt=\"{}\" src=\"data:image/png;base64,{data}\"></p>", escape(alt))
        }
        Block::Table(table) => writeln!(page, "{}", rows(table)),
    };
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
        let page = page(vec![Block::Note(evil.into()), Block::Code(evil.into()), Block::Table(table), picture]);
        assert!(!page.contains("<script") && !page.contains("\" onload"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 6);
    }

    #[test]
    fn the_page_loads_nothing_and_holds_its_pictures() {
        let page = page(vec![Block::Picture { png: b"\x89PNG".to_vec(), alt: "a curve".into() }]);
        assert!(page.contains("<img alt=\"a curve\" src=\"data:image/png;base64,iVBORw==\">"), "{page}");
        assert!(!["http:", "https:", "//", "url(", "@import"].iter().any(|outside| page.contains(outside)), "{page}");
        assert!(page.contains("prefers-color-scheme:dark") && page.contains("charset=\"utf-8\""));
    }

    #[test]
    fn every_section_has_its_link() {
        let page = page(vec![]);
        assert!(page.contains("<a href=\"#s1\">&lt;Two&gt;</a>") && page.contains("<section id=\"s1\">"), "{page}");
        assert!(page.contains("<title>A &amp; B</title>"));
    }
}
