//! `translate --format same`: the input's structure in another language, by the pocket model.

use super::Program;

/// The command that translates by the pocket model.
fn by_pocket(program: &Program) -> assert_cmd::Command {
    let pocket = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    let mut command = program.command();
    command
        .args("translate --from en --to uk --format same --model".split(' '))
        .arg(format!("translate={}", pocket.display()));
    command
}

/// What the program makes of a file, and what it says.
fn translated(name: &str, input: &str) -> (String, String) {
    let program = Program::new();
    let file = program.file(name, input);
    let made = by_pocket(&program).arg(file).assert().code(0);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&made.get_output().stdout), text(&made.get_output().stderr))
}

#[test]
fn a_page_keeps_its_tags_and_what_is_not_the_article() {
    let long = "<p>The bank said on Monday that the road was closed. The plant denied that the bridge was opened.</p>\n";
    let page = |lang: &str, title: &str, body: &str, rest: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"{lang}\"><head><title>{title}</title><script>a < b</script></head><body>\n<nav><a href=/n>News</a></nav>\n<article>{body}{rest}</article></body></html>\n"
        )
    };
    let body = "<p>The <a href=\"/p?a=1&amp;b=2\">port</a> said that the <b class='x'>bridge</b> was closed.</p><!-- <b> -->\n<p>The museum said that the <i>park was sold.</p>\n";
    let theirs = "<p><a href=\"/p?a=1&amp;b=2\">Порт</a> повідомив, що <b class='x'>міст</b> закрито.</p><!-- <b> -->\n<p>Музей повідомив, що <i>парк продано.</p>\n";
    let (made, said) = translated(
        "page.html",
        &page("en", "The park was sold.", body, &long.repeat(3)),
    );
    let translated =
        "<p>Банк повідомив у понеділок, що шлях закрито. Завод заперечив, що міст відкрито.</p>\n";
    assert_eq!(made, page("uk", "Парк продано.", theirs, &translated.repeat(3)));
    assert!(said.contains("stay in English"), "{said}");
}

#[test]
fn subtitles_keep_their_times_and_a_sentence_is_cut_over_its_cues() {
    let (made, _) = translated(
        "a.vtt",
        "WEBVTT\r\n\r\nid-1\r\n00:01.000 --> 00:02.000 line:0\r\n<v Ilse>The mayor said that\r\n\r\n00:02.000 --> 00:03.000\r\n<v Ilse>the market was sold.</v>\r\n",
    );
    assert_eq!(
        made,
        "WEBVTT\r\n\r\nid-1\r\n00:01.000 --> 00:02.000 line:0\r\n<v Ilse>Мер повідомив, що\r\n\r\n00:02.000 --> 00:03.000\r\n<v Ilse>ринок продано.</v>\r\n"
    );
}

#[test]
fn markdown_keeps_its_marks_and_its_front_matter() {
    let (made, _) = translated(
        "a.md",
        "---\ntitle: The bridge was closed.\nlang: en\ntags: [a, b]\n---\n\n- The park was **sold**.\n\n> The [market] was sold.\n\n```\nThe code\n```\n\n[market]: https://m.example\n",
    );
    assert_eq!(
        made,
        "---\ntitle: \"Міст закрито.\"\nlang: uk\ntags: [a, b]\n---\n\n- Парк **продано**.\n\n> [Ринок][market] продано.\n\n```\nThe code\n```\n\n[market]: https://m.example\n"
    );
}

#[test]
fn labels_are_fixed_words_and_code_is_parted_from_words() {
    let (made, _) = translated(
        "a.md",
        "**Source:** The bank said that the road was closed.\n\nThe park was _sold_ `mayor`.\n",
    );
    assert!(
        made.starts_with("**Джерело:** Банк повідомив, що шлях закрито.\n"),
        "{made}"
    );
    assert_eq!(made.matches(" `mayor`").count(), 1, "{made}");
}

#[test]
fn a_page_of_another_encoding_is_written_as_utf_8() {
    let program = Program::new();
    let body = "<p>The bank said on Monday that the road was closed. The plant denied that the bridge was opened.</p>".repeat(4);
    let mut page =
        format!("<html lang=en><head><meta charset=windows-1251><title>The park was sold.</title></head><body><article>{body}")
            .into_bytes();
    // a name in Cyrillic letters, outside of what is translated
    page.extend(b"</article><!-- \xd1\xeb\xe0\xe2\xe0 --></body></html>");
    let made = by_pocket(&program)
        .arg(program.file("a.html", page))
        .assert()
        .code(0);
    let made = String::from_utf8(made.get_output().stdout.clone()).unwrap();
    assert!(
        made.starts_with("<html lang=\"uk\"><head><meta charset=\"utf-8\"><title>Парк продано.</title>"),
        "{made}"
    );
    assert!(made.ends_with("<!-- Слава --></body></html>"), "{made}");
}

#[test]
fn a_mark_of_byte_order_stays_and_each_format_comes_through_a_pipe() {
    let program = Program::new();
    for (format, input, output) in [
        (
            "text",
            "\u{feff}The park was sold.\r\n",
            "\u{feff}Парк продано.\r\n",
        ),
        ("markdown", "## The park was sold.", "## Парк продано."),
        (
            "srt",
            "1\n00:00:01,000 --> 00:00:02,000\nThe park was sold.\n",
            "1\n00:00:01,000 --> 00:00:02,000\nПарк продано.\n",
        ),
        (
            "vtt",
            "WEBVTT\n\n00:01.000 --> 00:02.000\nThe park was sold.\n",
            "WEBVTT\n\n00:01.000 --> 00:02.000\nПарк продано.\n",
        ),
    ] {
        let run = by_pocket(&program)
            .args(["--input-format", format, "-"])
            .write_stdin(input)
            .assert()
            .code(0);
        assert_eq!(
            String::from_utf8_lossy(&run.get_output().stdout),
            output,
            "{format}"
        );
    }
}

#[test]
fn what_cannot_be_given_back_is_refused() {
    let program = Program::new();
    let feed = program.file("a.rss", "<rss version='2.0'><channel></channel></rss>");
    let text = program.file("a.txt", "The park was sold.\n");
    let refused = |more: &[&str], files: &[&std::path::Path], input: &str, why: &str| {
        let run = program
            .command()
            .args(["translate", "--format", "same"])
            .args(more)
            .args(files)
            .write_stdin(input)
            .assert()
            .code(2);
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(said.contains(why), "{more:?}: {said}");
        assert_eq!(said.matches("error").count(), 1, "{more:?}: {said}");
        assert!(run.get_output().stdout.is_empty());
    };
    refused(&["--to", "uk"], &[&feed], "", "feed input is not given back");
    refused(&["--to", "uk", "--to", "ko"], &[&text], "", "one language");
    refused(&["--to", "uk"], &[&text, &feed], "", "takes one input");
    let stdin = std::path::Path::new("-");
    for format in [
        "feed",
        "jsonl",
        "ninjs",
        "newsml-g2",
        "nitf",
        "eml",
        "docx",
        "odt",
    ] {
        let why = format!("{format} input is not given back");
        refused(&["--to", "uk", "--input-format", format], &[stdin], "{}", &why);
    }
}
