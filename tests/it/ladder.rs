//! What the tool does about attributions that a translation lost, with a scripted model that loses them: the whole
//! output is known in each language.

use byline::align::{Claim, Status as ClaimStatus};
use byline::finding::Severity;
use byline::pipeline::{self, Options};
use byline::progress::Silent;
use byline::render::Translation;
use byline::summarise::Length;
use byline::text::language::Language;
use byline::translate::Status;
use byline::translate::glossary::Glossary;
use byline::translate::seq2seq::Search;

use crate::digest::Scripted;

type Rules<'a> = &'a [(&'static str, &'static str)];

pub(crate) fn options() -> Options {
    Options {
        length: Length::Sentences(1),
        abstractive: false,
        temperature: 0.0,
        seed: 0,
        to: Vec::new(),
        glossary: Glossary::default(),
        search: Search::default(),
    }
}

/// The translation of `source` by a model that answers by `rules`, and what it was asked.
fn translated(from: &str, to: &str, source: &[&str], rules: Rules<'_>) -> (Translation, Vec<String>) {
    let mut model = Scripted::new(rules);
    let source: Vec<String> = source.iter().map(|s| (*s).to_owned()).collect();
    let (from, to): (Language, Language) = (from.parse().unwrap(), to.parse().unwrap());
    let made = pipeline::translate("t", &source, from, &[to], &options(), &mut model, &Silent)
        .unwrap()
        .remove(0);
    let asked = model.asked.borrow().clone();
    (made, asked)
}

fn texts(translation: &Translation) -> Vec<&str> {
    translation.segments.iter().map(|s| s.text.as_str()).collect()
}

/// What must hold of every translation: no claim is lost in silence, and what was written is where the ledger says.
fn holds(translation: &Translation) {
    let ledger = &translation.ledger;
    for (index, claim) in ledger.claims.iter().enumerate() {
        let segment = &translation.segments[claim.segment];
        let told = translation.findings.iter().any(|f| f.segment == claim.segment);
        assert!(
            claim.status != ClaimStatus::Missing || told,
            "claim {index} is lost in silence: {segment:?}"
        );
        if claim.status == ClaimStatus::Repaired {
            assert_eq!(segment.status, Status::Repaired);
            let parts = &claim.target;
            let pair = ledger.segments[claim.segment].target;
            for span in parts.source.iter().chain(&parts.cue).chain(&parts.content) {
                assert!(pair.contains(*span) && !span.is_empty(), "{claim:?}");
            }
            assert!(!parts.content.is_empty(), "{claim:?}");
        }
    }
    for (index, segment) in translation.segments.iter().enumerate() {
        let repaired = |c: &&Claim| c.segment == index && c.status == ClaimStatus::Repaired;
        let any = ledger.claims.iter().any(|c| repaired(&c));
        assert_eq!(segment.status == Status::Repaired, any, "{segment:?}");
    }
    let joined: Vec<&str> = texts(translation);
    assert_eq!(ledger.target.text, joined.join("\n"));
}

const SOURCE: [&str; 5] = [
    "The bridge at Tolmin will reopen on 3 April, the Roads Agency said on Tuesday.",
    "Mayor Edda Vance denied that the city had delayed the work.",
    "Dock workers claimed that 60 jobs had been lost because of the closure.",
    "Reuters reported on Friday, citing two people briefed on the talks, that the ferry line would close.",
    "The minister has reportedly resigned.",
];

/// A language, what the model makes of the sources' names, the translations without their attributions, and what
/// comes out.
struct Case {
    to: &'static str,
    rules: Rules<'static>,
    want: [&'static str; 5],
}

const CASES: [Case; 6] = [
    Case {
        to: "uk",
        rules: &[
            (
                "The bridge at",
                "Міст у Толміні знову відкриють 3 квітня у вівторок.",
            ),
            ("Mayor Edda Vance denied", "Місто затримало роботи."),
            (
                "Dock workers claimed",
                "Через закриття втрачено 60 робочих місць.",
            ),
            ("Reuters reported", "Поромну лінію закриють у п'ятницю."),
            ("reportedly", "Міністр пішов у відставку."),
            ("the Roads Agency", "Дорожнє агентство"),
            ("Mayor Edda Vance", "Мер Едда Ванс"),
            ("Dock workers", "Портові робітники"),
            ("two people briefed", "двоє людей, обізнаних із переговорами"),
        ],
        want: [
            "За даними Дорожнього агентства, міст у Толміні знову відкриють 3 квітня у вівторок.",
            "Заперечення (мер Едда Ванс): Місто затримало роботи.",
            "За твердженням портових робітників, через закриття втрачено 60 робочих місць.",
            "Джерело: Reuters; першоджерело: двоє людей, обізнаних із переговорами. Поромну лінію закриють у п'ятницю.",
            "Як повідомляють, міністр пішов у відставку.",
        ],
    },
    Case {
        to: "ru",
        rules: &[
            (
                "The bridge at",
                "Мост в Толмине вновь откроют 3 апреля во вторник.",
            ),
            ("Mayor Edda Vance denied", "Город задержал работы."),
            ("Dock workers claimed", "Из-за закрытия потеряно 60 рабочих мест."),
            ("Reuters reported", "Паромную линию закроют в пятницу."),
            ("reportedly", "Министр ушёл в отставку."),
            ("the Roads Agency", "Дорожное агентство"),
            ("Mayor Edda Vance", "Мэр Эдда Вэнс"),
            ("Dock workers", "Портовые рабочие"),
            ("two people briefed", "два человека, знакомых с ходом переговоров"),
        ],
        want: [
            "По данным Дорожного агентства, мост в Толмине вновь откроют 3 апреля во вторник.",
            "Отрицание (мэр Эдда Вэнс): Город задержал работы.",
            "По утверждению портовых рабочих, из-за закрытия потеряно 60 рабочих мест.",
            "Источник: Reuters; первоисточник: два человека, знакомых с ходом переговоров. Паромную линию закроют в пятницу.",
            "Как сообщается, министр ушёл в отставку.",
        ],
    },
    Case {
        to: "ko",
        rules: &[
            ("The bridge at", "톨민의 다리는 화요일 4월 3일에 다시 열린다."),
            ("Mayor Edda Vance denied", "시는 공사를 지연시켰다."),
            ("Dock workers claimed", "폐쇄로 일자리 60개가 사라졌다."),
            ("Reuters reported", "금요일 여객선 노선이 폐쇄된다."),
            ("reportedly", "장관이 사임했다."),
            ("the Roads Agency", "도로청"),
            ("Mayor Edda Vance", "에다 밴스 시장"),
            ("Dock workers", "부두 노동자들"),
            ("two people briefed", "협상 내용을 아는 두 사람"),
        ],
        want: [
            "도로청에 따르면 톨민의 다리는 화요일 4월 3일에 다시 열린다.",
            "에다 밴스 시장의 부인 내용: 시는 공사를 지연시켰다.",
            "부두 노동자들의 주장: 폐쇄로 일자리 60개가 사라졌다.",
            "출처: 로이터(원출처: 협상 내용을 아는 두 사람). 금요일 여객선 노선이 폐쇄된다.",
            "전해진 바에 따르면 장관이 사임했다.",
        ],
    },
    Case {
        to: "zh",
        rules: &[
            ("The bridge at", "托尔明的大桥将于4月3日星期二重新开放。"),
            ("Mayor Edda Vance denied", "该市拖延了工程。"),
            ("Dock workers claimed", "由于关闭，60个工作岗位流失。"),
            ("Reuters reported", "渡轮航线将于周五关闭。"),
            ("reportedly", "部长已辞职。"),
            ("the Roads Agency", "道路管理局"),
            ("Mayor Edda Vance", "市长埃达·万斯"),
            ("Dock workers", "码头工人"),
            ("two people briefed", "两名了解谈判情况的人士"),
        ],
        want: [
            "据道路管理局称，托尔明的大桥将于4月3日星期二重新开放。",
            "市长埃达·万斯否认：该市拖延了工程。",
            "码头工人声称，由于关闭，60个工作岗位流失。",
            "来源：路透社；原始来源：两名了解谈判情况的人士。渡轮航线将于周五关闭。",
            "据报道，部长已辞职。",
        ],
    },
    Case {
        to: "de",
        rules: &[
            (
                "The bridge at",
                "Die Brücke bei Tolmin wird am Dienstag, dem 3. April, wieder freigegeben.",
            ),
            (
                "Mayor Edda Vance denied",
                "Die Stadt habe die Arbeiten verzögert.",
            ),
            (
                "Dock workers claimed",
                "Durch die Schließung sind 60 Stellen verloren gegangen.",
            ),
            ("Reuters reported", "Die Fährlinie wird am Freitag eingestellt."),
            ("reportedly", "Der Minister ist zurückgetreten."),
            ("the Roads Agency", "das Straßenamt"),
            ("Mayor Edda Vance", "Bürgermeisterin Edda Vance"),
            ("Dock workers", "Hafenarbeiter"),
            ("two people briefed", "zwei mit den Gesprächen vertraute Personen"),
        ],
        want: [
            "Quelle: das Straßenamt. Die Brücke bei Tolmin wird am Dienstag, dem 3. April, wieder freigegeben.",
            "Dementi (Bürgermeisterin Edda Vance): Die Stadt habe die Arbeiten verzögert.",
            "Behauptung (Hafenarbeiter): Durch die Schließung sind 60 Stellen verloren gegangen.",
            "Quelle: Reuters; ursprüngliche Quelle: zwei mit den Gesprächen vertraute Personen. Die Fährlinie wird am Freitag eingestellt.",
            "Berichten zufolge: Der Minister ist zurückgetreten.",
        ],
    },
    Case {
        to: "pl",
        rules: &[
            (
                "The bridge at",
                "Most w Tolmin zostanie ponownie otwarty we wtorek 3 kwietnia.",
            ),
            ("Mayor Edda Vance denied", "Miasto opóźniło prace."),
            (
                "Dock workers claimed",
                "Z powodu zamknięcia stracono 60 miejsc pracy.",
            ),
            ("Reuters reported", "Linia promowa zostanie zamknięta w piątek."),
            ("reportedly", "Minister ustąpił."),
            ("the Roads Agency", "Agencja Dróg"),
            ("Mayor Edda Vance", "burmistrz Edda Vance"),
            ("Dock workers", "Robotnicy portowi"),
            ("two people briefed", "dwie osoby znające przebieg rozmów"),
        ],
        want: [
            "Źródło: Agencja Dróg. Most w Tolmin zostanie ponownie otwarty we wtorek 3 kwietnia.",
            "Zaprzeczenie (burmistrz Edda Vance): Miasto opóźniło prace.",
            "Twierdzenie (robotnicy portowi): Z powodu zamknięcia stracono 60 miejsc pracy.",
            "Źródło: Reuters; pierwotne źródło: dwie osoby znające przebieg rozmów. Linia promowa zostanie zamknięta w piątek.",
            "Według doniesień minister ustąpił.",
        ],
    },
];

#[test]
fn a_lost_attribution_is_put_back_in_every_language() {
    for case in CASES {
        let (made, _) = translated("en", case.to, &SOURCE, case.rules);
        holds(&made);
        assert_eq!(texts(&made), case.want);
        for claim in &made.ledger.claims {
            assert_eq!(claim.status, ClaimStatus::Repaired, "{} {claim:?}", case.to);
        }
        let errors = made.findings.iter().filter(|f| f.severity == Severity::Error);
        assert_eq!(errors.count(), 0, "{} {:#?}", case.to, made.findings);
        assert!(!made.needs_attention(true), "{}", case.to);
    }
}

#[test]
fn strict_wants_every_attribution_proven_or_put_back() {
    let source = ["Some workers claimed that 60 jobs had been lost."];
    // said of nobody, where nobody is named in the source either: no more than a doubt
    let rules = [("Some workers", "Стверджується, що втрачено 60 робочих місць.")];
    let (made, _) = translated("en", "uk", &source, &rules);
    assert_eq!(made.ledger.claims[0].status, ClaimStatus::Missing, "{made:?}");
    holds(&made);
    assert!(!made.needs_attention(false) && made.needs_attention(true));
    let good = [(
        "Some workers",
        "Деякі робітники стверджують, що втрачено 60 робочих місць.",
    )];
    let (made, _) = translated("en", "uk", &source, &good);
    assert_eq!(made.ledger.claims[0].status, ClaimStatus::Verified, "{made:?}");
    assert!(!made.needs_attention(false) && !made.needs_attention(true));
}

#[test]
fn into_english_names_are_written_by_the_official_table() {
    let source = [
        "Міст відкриють 3 квітня, повідомила речниця міністерства.",
        "Дрозд заперечив, що місто затримало роботи.",
    ];
    let rules = [
        ("Міст відкриють", "The bridge will open on 3 April."),
        ("Дрозд заперечив", "The city has delayed the work."),
        ("речниця міністерства", "a ministry spokeswoman"),
    ];
    let (made, _) = translated("uk", "en", &source, &rules);
    holds(&made);
    assert_eq!(
        texts(&made),
        [
            "According to a ministry spokeswoman, the bridge will open on 3 April.",
            "Drozd denied that the city has delayed the work.",
        ]
    );
}

#[test]
fn the_segment_is_asked_for_with_its_source_before_a_line_is_written() {
    let rules = [
        (
            "Mayor Edda Vance = мер Едда Ванс",
            "Мер Едда Ванс заперечила, що місто затримало роботи.",
        ),
        ("Mayor Edda Vance denied", "Місто затримало роботи."),
        ("Mayor Edda Vance", "Мер Едда Ванс"),
    ];
    let (made, asked) = translated("en", "uk", &SOURCE[1..2], &rules);
    assert_eq!(texts(&made), [rules[0].1]);
    assert_eq!(made.segments[0].status, Status::Translated);
    assert_eq!(made.ledger.claims[0].status, ClaimStatus::Verified);
    // three hypotheses, the name alone, the segment with the name
    assert_eq!(asked.len(), 5, "{asked:#?}");
    assert!(made.findings.is_empty(), "{:#?}", made.findings);
}

#[test]
fn what_is_verified_is_left_as_it_is() {
    let good = "Дорожнє агентство повідомило у вівторок, що міст у Толміні знову відкриють 3 квітня.";
    let rules = [("The bridge at", good), ("the Roads Agency", "Дорожнє агентство")];
    let (made, asked) = translated("en", "uk", &SOURCE[..1], &rules);
    assert_eq!(texts(&made), [good]);
    assert_eq!(asked.len(), 1);
}

#[test]
fn a_denial_that_the_translation_has_taken_in_is_not_told_twice() {
    let rules = [
        ("Mayor Edda Vance denied", "Місто не затримувало робіт."),
        ("Mayor Edda Vance", "Мер Едда Ванс"),
    ];
    let (made, _) = translated("en", "uk", &SOURCE[1..2], &rules);
    holds(&made);
    assert_eq!(
        texts(&made),
        ["Джерело: мер Едда Ванс. Місто не затримувало робіт."]
    );
}

#[test]
fn a_claim_that_is_a_part_of_its_segment_is_told_apart() {
    let source = ["Officials put the toll at 12, and local media said it was 20."];
    let rules = [
        (
            "Officials put",
            "Влада повідомила про 12 загиблих, а також про 20.",
        ),
        ("local media", "місцеві ЗМІ"),
    ];
    let (made, _) = translated("en", "uk", &source, &rules);
    holds(&made);
    assert_eq!(
        texts(&made),
        ["Влада повідомила про 12 загиблих, а також про 20. [Джерело: місцеві ЗМІ – it was 20]"]
    );
}

#[test]
fn a_source_that_has_no_name_in_the_target_keeps_its_own() {
    // the model answers with a sentence where a name was asked for
    for answer in ["Мер сказала: так. Це все.", "Мер сказала, що місто стоїть"]
    {
        let rules = [
            ("Mayor Edda Vance denied", "Місто затримало роботи."),
            ("Mayor Edda Vance", answer),
        ];
        let (made, _) = translated("en", "uk", &SOURCE[1..2], &rules);
        holds(&made);
        assert_eq!(
            texts(&made),
            ["Заперечення (Mayor Edda Vance): Місто затримало роботи."]
        );
    }
}

#[test]
fn the_terms_of_the_desk_and_of_the_gazetteer_name_a_source() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("terms.csv");
    std::fs::write(&path, "Roads Agency,uk,Служба доріг\n").unwrap();
    let mut options = options();
    options.glossary = Glossary::read(&path).unwrap();
    let source = [
        SOURCE[0].to_owned(),
        "The line will close, Reuters reported.".to_owned(),
    ];
    let rules = [
        (
            "The bridge at",
            "Міст у Толміні знову відкриють 3 квітня у вівторок.",
        ),
        ("The line will", "Лінію закриють."),
    ];
    let mut model = Scripted::new(&rules);
    let (from, to) = (Language::EN, Language::UK);
    let made = pipeline::translate("t", &source, from, &[to], &options, &mut model, &Silent)
        .unwrap()
        .remove(0);
    holds(&made);
    assert_eq!(
        texts(&made),
        [
            "За даними Служби доріг, міст у Толміні знову відкриють 3 квітня у вівторок.",
            "За даними Reuters, лінію закриють.",
        ]
    );
}

#[test]
fn a_segment_that_stays_untranslated_is_not_repaired() {
    let (made, _) = translated("en", "uk", &SOURCE[..2], &[]);
    holds(&made);
    assert_eq!(texts(&made), SOURCE[..2]);
    assert!(made.segments.iter().all(|s| s.status == Status::Untranslated));
    assert!(made.ledger.lost_attribution());
}
