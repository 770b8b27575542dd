//! Sentences of a summary that give a claim to nobody, to somebody else, or turn it round: found and mended.

use byline::article;
use byline::pipeline::{self, Options};
use byline::progress::Silent;
use byline::summarise::{Length, SentenceMethod, Summary};
use byline::text::language::Language;
use byline::translate::glossary::Glossary;
use byline::translate::seq2seq::Search;

use crate::digest::Scripted;

const ARTICLE: &str = "Ferry line to close\n\n\
    The ferry line to Vellin will close on 3 April, the Harbour Board said on Tuesday. \
    Mayor Edda Vance denied that the city had delayed the repairs. \
    \"The quay was sound in January,\" said Pavel Orlo, an engineer. \
    Reuters reported that the owner had sold 14 ships, and a spokesman for the owner said the crews would be paid. \
    Dock workers claimed that 60 jobs had been lost because of the closure.\n";

/// The summary by a model that answers by `rules`; every other sentence is the article's own.
fn summary(rules: &[(&'static str, &'static str)]) -> Summary {
    summary_of(ARTICLE, Language::EN, rules)
}

fn summary_of(text: &str, language: Language, rules: &[(&'static str, &'static str)]) -> Summary {
    let options = Options {
        length: Length::Sentences(6),
        abstractive: true,
        temperature: 0.0,
        seed: 0,
        to: Vec::new(),
        glossary: Glossary::default(),
        search: Search::default(),
    };
    let article = article::read("ferry.txt", text.as_bytes(), None, Some(language))
        .unwrap()
        .remove(0)
        .unwrap();
    let mut model = Scripted::new(rules);
    pipeline::digest(article, &options, &mut model, &Silent)
        .unwrap()
        .summary
}

/// What the summary has of the article sentence that a model was asked about by `key`.
fn told(key: &'static str, draft: &'static str, about: &str) -> (String, SentenceMethod) {
    let summary = summary(&[(key, draft)]);
    let found = summary.sentences.iter().find(|s| s.text.contains(about));
    let found = found.unwrap_or_else(|| panic!("nothing about {about} in {summary:#?}"));
    (found.text.clone(), found.method)
}

#[test]
fn a_claim_of_nobody_gets_its_source_back() {
    let (text, method) = told(
        "3 April, the Harbour Board",
        "The ferry line to Vellin will close on 3 April.",
        "3 April",
    );
    assert_eq!(
        text,
        "According to the Harbour Board, the ferry line to Vellin will close on 3 April."
    );
    assert_eq!(method, SentenceMethod::Repaired);
}

#[test]
fn a_claim_of_nobody_is_told_as_surely_as_its_source_told_it() {
    let (text, method) = told("Dock workers claimed", "The closure cost 60 jobs.", "60 jobs");
    assert_eq!(
        (text.as_str(), method),
        (
            "Dock workers claimed that the closure cost 60 jobs.",
            SentenceMethod::Repaired
        )
    );
}

#[test]
fn a_denied_claim_is_not_told_as_a_fact() {
    let (text, _) = told(
        "denied that the city",
        "The city had delayed the repairs.",
        "delayed",
    );
    assert_eq!(
        text,
        "Mayor Edda Vance denied that the city had delayed the repairs."
    );
    let (text, _) = told(
        "denied that the city",
        "Mayor Edda Vance said the city had delayed the repairs.",
        "delayed",
    );
    assert_eq!(
        text,
        "Mayor Edda Vance denied that the city had delayed the repairs."
    );
    // the denial taken into the sentence must not become its opposite
    let (text, _) = told(
        "denied that the city",
        "The city had not delayed the repairs.",
        "delayed",
    );
    assert!(
        text.contains("Vance") && !text.contains("denied that the city had not"),
        "{text}"
    );
}

#[test]
fn a_claim_is_not_given_to_somebody_else() {
    for draft in [
        "Mayor Edda Vance said the ferry line to Vellin will close on 3 April.",
        "The ferry line to Vellin will close on 3 April, Pavel Orlo said.",
    ] {
        let (text, method) = told("3 April, the Harbour Board", draft, "3 April");
        assert!(text.contains("Harbour Board"), "{text}");
        assert!(!text.contains("Vance") && !text.contains("Orlo"), "{text}");
        assert_ne!(method, SentenceMethod::Abstractive);
    }
}

#[test]
fn what_the_relayer_says_is_not_what_the_one_it_names_says() {
    let (text, method) = told(
        "Reuters reported that",
        "A spokesman for the owner said the owner had sold 14 ships.",
        "14 ships",
    );
    assert!(text.contains("Reuters"), "{text}");
    assert_ne!(method, SentenceMethod::Abstractive);
}

#[test]
fn a_quotation_is_not_put_into_another_mouth() {
    let (text, _) = told(
        "quay was sound",
        "\"The quay was sound in January,\" Mayor Edda Vance said.",
        "quay was sound",
    );
    assert!(text.contains("Orlo") && !text.contains("Vance"), "{text}");
}

const RELAYED: &str = "Ferry line to close\n\n\
    Sky News, citing a spokesperson for the ministry, reported that the ferry line to Vellin would close in May. \
    Vera Holm was quoted as saying by the Vellin Herald that the harbour toll would rise. \
    Koval said the mayor had denied that the northern road was mined. \
    The old quay has stood empty since the winter storms.\n";
const RELAYED_UK: &str = "Поромну лінію закриють\n\n\
    Sky News із посиланням на речника міністерства повідомив, що поромну лінію до Велліна закриють у травні. \
    Коваль сказала, що мер заперечив мінування північної дороги. \
    Старий причал стоїть порожній від зимових бур.\n";
const RELAYED_KO: &str = "여객선 노선 폐쇄\n\n\
    스카이뉴스는 국방부 대변인을 인용해 벨린 여객선 노선이 5월에 폐쇄될 것이라고 보도했다. \
    로이터는 협상 내용을 아는 관계자 두 명을 인용해 항만 요금이 오를 것이라고 금요일 보도했다. \
    낡은 부두는 겨울 폭풍 이후 비어 있다.\n";

/// A draft, by which words of its article sentence it is asked for; what comes out, or none: the article's own words.
struct Draft {
    article: &'static str,
    language: Language,
    key: &'static str,
    draft: &'static str,
    want: Option<&'static str>,
}

const DROPPED: [Draft; 12] = [
    Draft {
        article: RELAYED,
        language: Language::EN,
        key: "Sky News, citing",
        draft: "A spokesperson for the ministry said the ferry line to Vellin would close in May.",
        want: Some(
            "According to Sky News, a spokesperson for the ministry said the ferry line to Vellin would close in May.",
        ),
    },
    Draft {
        article: RELAYED,
        language: Language::EN,
        key: "Sky News, citing",
        draft: "The ferry line to Vellin would close in May.",
        want: Some(
            "Source: Sky News; original source: a spokesperson for the ministry. \
             The ferry line to Vellin would close in May.",
        ),
    },
    Draft {
        article: RELAYED,
        language: Language::EN,
        key: "Vera Holm was quoted",
        draft: "Vera Holm said that the harbour toll would rise.",
        want: Some("According to the Vellin Herald, Vera Holm said that the harbour toll would rise."),
    },
    Draft {
        article: RELAYED,
        language: Language::EN,
        key: "Koval said",
        draft: "The mayor denied that the northern road was mined.",
        want: Some("According to Koval, the mayor denied that the northern road was mined."),
    },
    // the origin's denial is no part of what the relayer says
    Draft {
        article: RELAYED,
        language: Language::EN,
        key: "Koval said",
        draft: "Koval said the northern road was mined.",
        want: None,
    },
    Draft {
        article: RELAYED,
        language: Language::EN,
        key: "Sky News, citing",
        draft: "Vera Holm said the ferry line to Vellin would close in May.",
        want: None,
    },
    Draft {
        article: RELAYED_UK,
        language: Language::UK,
        key: "Sky News із посиланням",
        draft: "Речник міністерства повідомив, що поромну лінію до Велліна закриють у травні.",
        want: Some(
            "За даними Sky News, речник міністерства повідомив, що поромну лінію до Велліна закриють у травні.",
        ),
    },
    Draft {
        article: RELAYED_UK,
        language: Language::UK,
        key: "Sky News із посиланням",
        draft: "Поромну лінію до Велліна закриють у травні.",
        want: Some(
            "Джерело: Sky News; першоджерело: речник міністерства. Поромну лінію до Велліна закриють у травні.",
        ),
    },
    Draft {
        article: RELAYED_UK,
        language: Language::UK,
        key: "Sky News із посиланням",
        draft: "Коваль повідомила, що поромну лінію до Велліна закриють у травні.",
        want: None,
    },
    Draft {
        article: RELAYED_KO,
        language: Language::KO,
        key: "스카이뉴스는",
        draft: "국방부 대변인은 벨린 여객선 노선이 5월에 폐쇄될 것이라고 말했다.",
        want: Some("스카이뉴스에 따르면 국방부 대변인은 벨린 여객선 노선이 5월에 폐쇄될 것이라고 말했다."),
    },
    Draft {
        article: RELAYED_KO,
        language: Language::KO,
        key: "스카이뉴스는",
        draft: "벨린 여객선 노선이 5월에 폐쇄된다.",
        want: Some("출처: 스카이뉴스(원출처: 국방부 대변인). 벨린 여객선 노선이 5월에 폐쇄된다."),
    },
    Draft {
        article: RELAYED_KO,
        language: Language::KO,
        key: "스카이뉴스는",
        draft: "로이터는 벨린 여객선 노선이 5월에 폐쇄될 것이라고 보도했다.",
        want: None,
    },
];

#[test]
fn who_relays_a_claim_is_not_dropped() {
    for case in DROPPED {
        let summary = summary_of(case.article, case.language, &[(case.key, case.draft)]);
        let own = case.article.split("\n\n").nth(1).unwrap();
        let own = own.split_inclusive(". ").find(|s| s.contains(case.key)).unwrap();
        let (want, method) = match case.want {
            Some(want) => (want, SentenceMethod::Repaired),
            None => (own.trim(), SentenceMethod::Extractive),
        };
        let found = summary.sentences.iter().find(|s| s.text == want);
        let texts: Vec<&str> = summary.sentences.iter().map(|s| s.text.as_str()).collect();
        let found = found.unwrap_or_else(|| panic!("no {want:?} in {texts:#?}"));
        assert_eq!(found.method, method, "{found:?}");
        assert!(summary.sentences.iter().all(|s| s.text != case.draft));
    }
}

#[test]
fn a_sentence_that_keeps_its_sources_is_kept() {
    let kept = [
        (
            RELAYED,
            Language::EN,
            "Sky News, citing",
            "Sky News, citing a spokesperson, reported that the ferry line to Vellin would close in May.",
        ),
        (
            RELAYED,
            Language::EN,
            "Sky News, citing",
            "Sky News reported that the ferry line to Vellin would close in May.",
        ),
        (
            RELAYED,
            Language::EN,
            "Sky News, citing",
            "A ministry spokesperson told Sky News that the ferry line to Vellin would close in May.",
        ),
        (
            RELAYED,
            Language::EN,
            "Vera Holm was quoted",
            "Holm was quoted by the Vellin Herald as saying the harbour toll would rise.",
        ),
        (
            RELAYED,
            Language::EN,
            "Koval said",
            "The mayor denied that the northern road was mined, Koval said.",
        ),
        (
            RELAYED_UK,
            Language::UK,
            "Sky News із посиланням",
            "Sky News повідомляє, що поромну лінію до Велліна закриють у травні.",
        ),
        (
            RELAYED_UK,
            Language::UK,
            "Коваль сказала",
            "За словами Коваль, мер заперечив мінування північної дороги.",
        ),
        (
            RELAYED_KO,
            Language::KO,
            "스카이뉴스는",
            "스카이뉴스는 국방부 대변인을 인용해 벨린 여객선 노선이 5월에 폐쇄된다고 보도했다.",
        ),
        (
            RELAYED_KO,
            Language::KO,
            "로이터는",
            "로이터는 항만 요금이 오를 것이라고 보도했다.",
        ),
    ];
    for (article, language, key, draft) in kept {
        let summary = summary_of(article, language, &[(key, draft)]);
        let found = summary.sentences.iter().find(|s| s.text == draft);
        let found = found.unwrap_or_else(|| panic!("no {draft:?} in {:#?}", summary.sentences));
        assert_eq!(found.method, SentenceMethod::Abstractive);
        assert!(!found.claims.is_empty());
    }
}

#[test]
fn what_somebody_says_is_not_put_under_somebody_else() {
    const SPILL: &str = "Harbour to stay shut\n\n\
        The authority put the spill in the harbour of Veldmark at 180 tonnes. \
        An environmental group that has sampled the water said it was closer to 400 tonnes.\n";
    let draft = "An environmental group said the spill was closer to 400 tonnes than to 180 tonnes.";
    let summary = summary_of(SPILL, Language::EN, &[("", draft)]);
    for sentence in &summary.sentences {
        let under = sentence.text.contains("authority") && sentence.text.contains("environmental group");
        assert!(!under, "{summary:#?}");
    }
}
