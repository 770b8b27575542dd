//! Page furniture: lines that stand around an article and are not part of it.
//!
//! A rule must match a whole line, and a line that reports speech (quotation marks, a verb of saying after a
//! comma) is never furniture: what is left in harms less than what is lost.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    reason: String,
    /// The lines below it that are no sentences go as well: a list of links to other articles.
    #[serde(default)]
    heads_list: bool,
    /// May hold quotation marks: titles of other articles do.
    #[serde(default)]
    quotes: bool,
    patterns: Vec<String>,
}

struct Rule {
    reason: &'static str,
    heads_list: bool,
    quotes: bool,
    patterns: Regex,
}

const DATA: &str = include_str!("furniture.toml");

fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| build(DATA).unwrap_or_default())
}

fn build(data: &str) -> Result<Vec<Rule>, String> {
    let file: RuleFile = toml::from_str(data).map_err(|e| e.to_string())?;
    file.rule
        .into_iter()
        .map(|entry| {
            let pattern = format!("^(?:{})$", entry.patterns.join("|"));
            let patterns = RegexBuilder::new(&pattern)
                .case_insensitive(true)
                .build()
                .map_err(|e| format!("{}: {e}", entry.reason))?;
            Ok(Rule {
                // Built once a run and kept for all of it.
                reason: String::leak(entry.reason),
                heads_list: entry.heads_list,
                quotes: entry.quotes,
                patterns,
            })
        })
        .collect()
}

/// Goes through the lines of one article, in order.
#[derive(Default)]
pub(super) struct Sweep {
    /// The reason of the list that is being left out.
    list: Option<&'static str>,
}

/// No furniture line is longer, in bytes.
const LONGEST: usize = 400;

impl Sweep {
    /// Why `line` is left out; `None` if it is kept. An empty line is kept and ends nothing.
    pub(super) fn judge(&mut self, line: &str) -> Option<&'static str> {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        let verdict = match find(line) {
            Some(rule) => {
                if rule.heads_list {
                    self.list = Some(rule.reason);
                }
                return Some(rule.reason);
            }
            None => self.list.filter(|_| is_link(line)),
        };
        if verdict.is_none() {
            self.list = None;
        }
        verdict
    }
}

fn find(line: &str) -> Option<&'static Rule> {
    if line.len() > LONGEST {
        return None;
    }
    let quotes = line.contains(['"', '“', '”', '«', '»', '„', '「']);
    rules()
        .iter()
        .find(|rule| (rule.quotes || !quotes) && rule.patterns.is_match(line))
}

/// The title of another article: short, and not a sentence.
fn is_link(line: &str) -> bool {
    const LONGEST_TITLE: usize = 160;
    line.chars().count() <= LONGEST_TITLE
        && !line.ends_with(['.', '。', '…', ':', '"', '”', '»', ',', ';'])
        && !line.contains(": ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_data_file_is_sound() {
        assert!(build(DATA).unwrap().len() > 5);
    }

    #[test]
    fn furniture_goes() {
        for line in [
            "Support us",
            "Support our journalism!",
            "Support the Tarn Herald on Patreon !",
            "Latest news",
            "Read also: Ferry \"lost\" two engines in a day",
            "Read more:",
            "Share on Facebook",
            "Share",
            "Facebook | Twitter | Telegram",
            "Subscribe to our newsletter",
            "Follow us on Telegram",
            "Sign up for our daily newsletter.",
            "© 2031 Tarn Herald. All rights reserved.",
            "We use cookies to improve your experience. Accept all",
            "Advertisement",
            "Підтримайте нас",
            "Підтримати «Вісник Лозовця» на Patreon",
            "Останні новини",
            "Читайте також: Міст «втомився»",
            "Підписуйтесь на наш Telegram-канал",
            "Реклама",
            "Если вы заметили ошибку, выделите её и нажмите Ctrl+Enter",
            "Читайте также: Мост закрыт",
            "관련 기사",
            "무단 전재 및 재배포 금지",
            "저작권자 ⓒ 탄일보, 무단 전재 및 재배포 금지",
            "구독하기",
        ] {
            assert!(Sweep::default().judge(line).is_some(), "{line} stays");
        }
    }

    #[test]
    fn sentences_stay() {
        for line in [
            "\"Support us,\" the minister said, \"and we will rebuild the quay.\"",
            "Support us, the minister said.",
            "Support us or lose the harbour, fishermen told the council on Monday.",
            "Share prices fell 4 percent on Friday, according to the exchange.",
            "Share of the vote: 43 percent, the commission said.",
            "Subscribe to a theory long enough, Vane said, and it becomes true.",
            "Latest news from the front was grim, the general said.",
            "Advertisement spending fell, the ministry reported.",
            "Follow us, the guide shouted to the crowd.",
            "Read more books, the mayor told pupils.",
            "Cookies were sold at the fair, organisers said.",
            "Copyright law must change, the union said.",
            "Підтримайте нас, сказав міністр.",
            "Реклама тютюну заборонена, нагадали в міністерстві.",
            "구독하기 서비스가 중단됐다고 회사가 밝혔다.",
            "Comments by the mayor drew anger.",
            "Telegram said it would appeal.",
            "Advertisement: the firm denied paying for it.",
        ] {
            assert_eq!(Sweep::default().judge(line), None, "{line} goes");
        }
    }

    #[test]
    fn a_list_of_links_goes_until_a_sentence_comes() {
        let mut sweep = Sweep::default();
        let verdicts: Vec<bool> = [
            "The quay was shut.",
            "Latest news",
            "Ferry loses two engines",
            "",
            "Council votes on Tuesday",
            "The mayor said on Monday that the vote was legal.",
            "Ferry loses two engines",
        ]
        .iter()
        .map(|line| sweep.judge(line).is_some())
        .collect();
        assert_eq!(verdicts, [false, true, true, false, true, false, false]);
    }
}
