#![allow(clippy::unwrap_used)]

use super::*;
use crate::neural::Link;

fn language(code: &str) -> Language {
    code.parse().unwrap()
}

fn structure(text: &str, format: Format, from: &str, to: &str) -> Structure {
    let article = article::read("a", text.as_bytes(), Some(format), Some(language(from)))
        .unwrap()
        .remove(0)
        .unwrap();
    Structure::new(text, format, &article, language(to)).unwrap()
}

/// What comes out if each segment is its own translation.
fn same(text: &str, format: Format) -> String {
    filled(&structure(text, format, "en", "uk"), |_| None).text
}

/// What comes out if segments are translated as `by` says, with a link from word to word where both have as many.
fn filled(structure: &Structure, by: impl Fn(&str) -> Option<&'static str>) -> Filled {
    let segments = structure.segments();
    let texts: Vec<&str> = segments.iter().map(|s| by(s).unwrap_or(s)).collect();
    let links: Vec<Vec<Link>> = segments.iter().zip(&texts).map(|(a, b)| links(a, b)).collect();
    let lines: Vec<Line<'_>> = texts
        .iter()
        .zip(&links)
        .map(|(text, alignment)| Line {
            text,
            alignment,
            names: Vec::new(),
        })
        .collect();
    structure.fill(&lines)
}

fn links(source: &str, target: &str) -> Vec<Link> {
    let (mine, theirs) = (
        crate::text::words::words(source),
        crate::text::words::words(target),
    );
    if mine.len() != theirs.len() {
        return Vec::new();
    }
    let link = |(&source, &target): (&Span, &Span)| Link {
        source,
        target,
        weight: 1.0,
    };
    mine.iter().zip(&theirs).map(link).collect()
}

/// Whether `text` comes out as it went in.
fn stays(text: &str, format: Format) {
    assert_eq!(same(text, format), text);
}

/// A page is taken for an article if it says enough.
const MORE: &str = "<p>The harbour office of Larnholm has said on Monday that the ferry, the fish market and the two bridges were closed for the winter, and that nobody was told of it before.</p>\n<p>Its keeper denied on Tuesday that the ferry was sold, and added that the bridges would be opened again in March, after the ice has gone.</p>";

fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"uk\">\r\n<head><title>Quay shut &amp; sold</title></head><body><article><h1>Quay shut &amp; sold</h1>\n{body}\n{MORE}</article></body></html>"
    )
}

#[test]
fn a_page_comes_back_byte_for_byte() {
    for body in [
        "<p>The <a href=x><b>old <i>quay</i></b></a> of Larnholm was <em>shut</em> by the <b>mayor on Monday</b>.</p>",
        "<p>The <b>old <i>quay</b> was shut</i> on Monday, said the port of Larnholm.<p>It was sold <span>again.",
        "<p>Fees rose by 5&nbsp;% at Hale &amp; Sons, said the port of Larnholm, a &lt; b.</p>",
        "<p>The old<!-- <b>not this</b> --> quay <!-- or this --> was shut <!----> on Monday.</p>",
        "<p>The old quay<br>was shut on Monday.<br/>\nIt was sold to Ilse Brandt.</p>",
        "<p>The old quay was shut.<sup>1</sup> It was sold<sup>[2]</sup> to Ilse Brandt <img src=a.png alt='a b'> on Monday.</p>",
        "<table><tr><th>Port</th><td>Larnholm <b>old</b> quay</td></tr></table><p>The old quay was shut on Monday.</p>",
        "<ul><li>The old quay was shut.<li>The <b>new</b> one<ul><li>is open</ul></ul><p>So said the port of Larnholm.</p>",
        "<script>if (a<b) { \"</p>\" }</script><p>The old quay <script>x<y</script> was shut on Monday.</p><style>p>b{}</style>",
        "<pre>The  old\n  quay</pre><p>The quay was shut on Monday, <code>x  <b>y</b></code> said the port of Larnholm.</p>",
        "<p>&nbsp;He said &#34;yes&#34; on “Monday.” <b>\"No,\"</b> she said.&nbsp; “It was.” So it was shut.&nbsp;</p>"
            .replace("&#34;", "\"")
            .as_str(),
        "<p>Source: the port of Larnholm. It was shut.</p><p><b>Background:</b> It was sold on Monday.</p>",
    ] {
        stays(&page(body), Format::Html);
    }
}

#[test]
fn subtitles_come_back_byte_for_byte() {
    for (text, format) in [
        (
            "1\r\n00:00:01,000 --> 00:00:02,000\r\n- Is the quay shut?\r\n- It is &amp; was, said AT&T.\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,000\r\n\r\n3\r\n00:00:03,000 --> 00:00:04,000\r\n{\\an8} <i>The port of</i>\r\n\r\n4\r\n00:00:04,000 --> 00:00:05,000\r\nLarnholm <font color=\"#fff\">is shut</font>.",
            Format::Srt,
        ),
        (
            "1\n00:00:01,000 --> 00:00:02,000\n  The old quay  \n\n2\n00:00:02,000 --> 00:00:03,000\n[gulls]\n\n3\n00:00:02,000 --> 00:00:03,000\nis “shut.” He said \n",
            Format::Srt,
        ),
        (
            "WEBVTT - x\n\nNOTE The quay\n\na\n00:01.000 --> 00:02.000 align:start\n<v Ilse>The <c.red>old</c> quay &amp; port<00:01.500> of Larnholm\nwas shut on that long day</v>\n\n00:02.000 --> 00:03.000\nlast year.",
            Format::Vtt,
        ),
    ] {
        stays(text, format);
    }
}

#[test]
fn markdown_comes_back_byte_for_byte() {
    for text in [
        "---\ntags: [a]\ntitle: \"The quay\"\nsummary: It was\n  shut\n---\n\n# The *old* quay\n\nIt was **shut** by _Ilse **Brandt**_, `code` said.\n",
        "The [old quay](http://x.example/a_b \"T\") and ![a picture](a.png) of [![it](b.png)](c) were <b>sold</b>.\r\n\r\nSo *be it*.",
        "| Port | State |\n|---|:-:|\n| Larnholm | **shut** |\n| `a` | 5 |\n",
        "1. The quay\n   - is *shut*\n     - and `sold`\n2. The port\n\n   is not.\n\n- [ ] to do\n* * *\n",
        "The quay  \nis shut\\\nand **sold  \nagain**.\n\n> The port\n\n    code_block\n\n~~~\nx\n~~~\n",
        "See [the quay][q] and <http://q.example/a_b> or https://q.example/~a_b?c=d&e=f#g, ~5 km.[^1]\n\n[q]: http://q.example 'The Quay'\n[^1]: It is shut.\n",
        "C# and R&D of snake_case at 5 * 3 < 7, \\*not\\* \\[this\\] \\_here\\_, +1, #quay and No. #1\n\n-5 degrees\n\n1\\. January\n\n\\# no heading\n",
        "Title\n=====\n\nOther\n-----\n\n<div>The quay</div>\n\nThe “quay.” It is.\n",
        "**Source:** the port of Larnholm.\n",
    ] {
        stays(text, Format::Markdown);
    }
}

#[test]
fn plain_text_comes_back_byte_for_byte() {
    for text in [
        "The quay is shut\r\n\r\n  - The port of Larnholm said so.  \r\n* * *\r\nSource: the port.",
        "The “quay.” It is shut at 5\u{a0}pm.\n\n\tIlse Brandt\n\n\n1) It is sold.\n",
    ] {
        stays(text, Format::Text);
    }
}

#[test]
fn a_value_that_goes_on_in_the_next_line_stays() {
    let text = "---\ntitle: The quay\n  was shut\nlead: It was sold.\n---\n\nIt was.\n";
    assert_eq!(
        same(text, Format::Markdown),
        text.replace("It was sold.", "\"It was sold.\"")
    );
}

#[test]
fn the_direction_and_the_language_follow() {
    let body = "<p>The old quay of Larnholm was shut on Monday, said the port.</p>";
    let made =
        |from: &str, to: &str, page: String| filled(&structure(&page, Format::Html, from, to), |_| None).text;
    assert_eq!(
        made(
            "en",
            "ar",
            format!("<html><body dir=ltr>{body}{MORE}</body></html>")
        ),
        format!("<html lang=\"ar\" dir=\"rtl\"><body dir=\"rtl\">{body}{MORE}</body></html>")
    );
    let page = |lang: &str, dir: &str| {
        format!(
            "<html lang={lang} {dir}><body><aside lang=\"en-GB\"><p>Read</p></aside><article lang={lang}><div {dir}>{body}<p>The <i lang=fr>quai</i> <span lang={lang}>was shut</span> on Monday.</p>{MORE}</div></article></body></html>"
        )
    };
    assert_eq!(
        made("en", "he", page("\"en\"", "dir=\"ltr\"")),
        page("\"he\"", "dir=\"rtl\"")
    );
    assert_eq!(
        made("ar", "en", page("\"ar\"", "dir=\"rtl\"")),
        page("\"en\"", "dir=\"ltr\"")
    );
    assert_eq!(
        made("en", "uk", page("\"en\"", "dir=auto")),
        page("\"uk\"", "dir=auto").replace("<html lang=\"uk\" dir=auto>", "<html lang=\"uk\" dir=\"ltr\">")
    );
}

#[test]
fn what_is_written_is_utf_8_and_says_so() {
    let page = |xml: &str, meta: &str| {
        format!(
            "<?xml version=\"1.0\" encoding={xml}?><html lang=\"uk\"><head>{meta}</head><body><p>The old quay was shut on Monday.</p>{MORE}</body></html>"
        )
    };
    for (before, after) in [
        ("<meta charset=windows-1251>", "<meta charset=\"utf-8\">"),
        (
            "<meta http-equiv='Content-Type' content='text/html; charset=windows-1251'>",
            "<meta http-equiv='Content-Type' content=\"text/html; charset=utf-8\">",
        ),
    ] {
        assert_eq!(
            same(&page("\"windows-1251\"", before), Format::Html),
            page("\"utf-8\"", after)
        );
    }
}

#[test]
fn marks_stand_beside_letters_without_spaces() {
    let by = |segment: &str| match segment {
        "The \"old quay\" was shut by Brandt." => Some("布兰特关闭了“旧码头”。"),
        "It was." => Some("是的。"),
        _ => None,
    };
    let text = "The **\"old quay\"** was _shut_ by Brandt. It was.\n";
    let made = filled(&structure(text, Format::Markdown, "en", "zh"), by).text;
    let plain: String = made.chars().filter(|c| *c != '*').collect();
    assert_eq!(plain, "布兰特关闭了“旧码头”。是的。\n");
    let events = pulldown_cmark::Parser::new(&made);
    let said: String = events
        .filter_map(|event| match event {
            pulldown_cmark::Event::Text(text) => Some(text.into_string()),
            _ => None,
        })
        .collect();
    assert!(!said.contains('*'), "{made}");
    assert_eq!(made.matches("**").count(), 2, "{made}");
}

#[test]
fn words_go_where_the_translator_made_them() {
    let text =
        format!("<html lang=\"en\"><body><p>Quay <b>shut</b> <a href=x>Monday</a>.</p>{MORE}</body></html>");
    let structure = structure(&text, Format::Html, "en", "ja");
    let link = |a: (usize, usize), b: (usize, usize)| Link {
        source: Span::new(a.0, a.1),
        target: Span::new(b.0, b.1),
        weight: 1.0,
    };
    // Monday quay shut
    let alignment = [
        link((10, 16), (0, 9)),
        link((0, 4), (12, 18)),
        link((5, 9), (21, 27)),
    ];
    let line = |text: &'static str, alignment: &'static [Link]| Line {
        text,
        alignment,
        names: Vec::new(),
    };
    let alignment: &'static [Link] = Box::leak(Box::new(alignment));
    let made = structure.fill(&[line("月曜日に埠頭が閉鎖。", alignment), line("そうだ。", &[])]);
    assert!(
        made.text
            .contains("<p><a href=x>月曜日</a>に埠頭が<b>閉鎖</b>。</p>"),
        "{}",
        made.text
    );
}

#[test]
fn what_stays_is_parted_from_the_words_beside_it() {
    let by = |_: &str| Some("Порт закрито.");
    let made = filled(
        &structure("The port was _shut_ `x.y`.\n", Format::Markdown, "en", "uk"),
        by,
    )
    .text;
    assert_eq!(made, "Порт _закрито_ `x.y`.\n");
    // nothing that the translator wrote is lost for it
    let made = filled(&structure("The `x` port.\n", Format::Markdown, "en", "uk"), by).text;
    let words: String = made.replace("`x`", "");
    assert_eq!(words.split_whitespace().collect::<Vec<_>>(), ["Порт", "закрито."]);
}

#[test]
fn marks_of_one_word_do_not_become_empty() {
    let text = "It was _shut_ **on Monday** and so.\n";
    let by = |_: &str| Some("Закрито вчора.");
    let made = filled(&structure(text, Format::Markdown, "en", "uk"), by).text;
    assert!(!made.contains("****") && !made.contains("__"), "{made}");
}

#[test]
fn labels_are_fixed_words() {
    let text = "**Source:** The port of Larnholm.\n\nThe quay: it is shut.\n";
    let mut structure = structure(text, Format::Markdown, "en", "uk");
    structure.write_labels(|label| label.replace("Source", "Джерело"));
    assert_eq!(
        structure.segments(),
        ["The port of Larnholm.", "The quay: it is shut."]
    );
    assert_eq!(
        filled(&structure, |_| None).text,
        text.replace("Source", "Джерело")
    );
}

#[test]
fn large_inputs_take_time_in_proportion() {
    let notes = "Quay<sup>1</sup> <b>shut</b> <code>x</code> ".repeat(4_000);
    let links = "the old <a href=x>quay</a> shut, ".repeat(2_000);
    let mut cues = String::new();
    for cue in 0..2_000 {
        cues.push_str(&format!(
            "{cue}\n00:00:01,000 --> 00:00:02,000\nThe <i>old</i> quay {cue} was\n\n"
        ));
    }
    let wrapped = "The old quay of Larnholm was shut on Monday, the harbour said\n".repeat(10_000);
    for (text, format) in [
        (page(&format!("<p>{notes}</p>")), Format::Html),
        (page(&format!("<p>{links}</p>")), Format::Html),
        (
            format!("{}\n", links.replace("<a href=x>quay</a>", "[quay](x)")),
            Format::Markdown,
        ),
        (cues, Format::Srt),
        (wrapped, Format::Text),
    ] {
        let start = std::time::Instant::now();
        let structure = structure(&text, format, "en", "uk");
        for by in [None, Some("Так було.")] {
            assert!(!filled(&structure, |_| by).text.is_empty());
        }
        // some 0.3 s without optimisation
        let taken = start.elapsed();
        assert!(taken.as_secs() < 5, "{format:?}: {taken:?}");
    }
}

#[test]
fn emphasis_beside_letters_leaves_signs_outside() {
    let structure = structure("So **\"Brandt\"** said.\n", Format::Markdown, "en", "zh");
    let made = filled(&structure, |_| Some("是\"Brandt\"说。")).text;
    assert_eq!(made, "是\"**Brandt**\"说。\n");
}
