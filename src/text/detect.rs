//! Text → its language, with an honest confidence.
//!
//! The script decides first; where several languages share it, trigrams (`whatlang`), letters that only one of
//! them has, and function words vote. Short texts are doubtful by nature and say so.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::language::Language;
use super::script::Script;

/// What a text is likely written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detected {
    /// The best guess.
    pub language: Language,
    /// From 0 (a mere guess) to 1 (certain).
    pub confidence: f64,
}

/// No more of a text is looked at, in bytes: more tells nothing new.
const SAMPLE: usize = 24_000;

/// Detects the language of `text`; `None` if it holds no letters, or none of a language that has a name here.
pub fn detect(text: &str) -> Option<Detected> {
    let sample = sample(text);
    let counts = Script::histogram(&sample);
    let letters: usize = counts.iter().map(|(_, count)| count).sum();
    if letters == 0 {
        return None;
    }
    let share = |script| {
        let count = counts
            .iter()
            .find(|(s, _)| *s == script)
            .map_or(0, |(_, count)| *count);
        count as f64 / letters as f64
    };
    // Korean, Japanese and Chinese news is full of Latin names: a third of the letters is enough.
    let (hangul, kana, han) = (share(Script::Hangul), share(Script::Kana), share(Script::Han));
    if hangul + kana + han >= 0.3 {
        let (code, clear) = if hangul >= kana + han || hangul > 0.3 {
            ("ko", hangul)
        } else if kana > 0.08 * han || (kana > 0.0 && letters < 40) {
            ("ja", kana + han)
        } else {
            ("zh", han)
        };
        // A few Han characters may be Japanese as well as Chinese.
        let doubt = if code == "zh" { 12.0 } else { 3.0 };
        return detected(code, (0.5 + clear / 2.0) * enough(letters, doubt));
    }
    let script = counts[0].0;
    let single = match script {
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari => None,
        _ => Language::all().find(|language| language.scripts() == [script]),
    };
    if let Some(language) = single {
        return detected(language.code(), share(script) * enough(letters, 3.0));
    }
    vote(&sample, script, letters)
}

fn detected(code: &str, confidence: f64) -> Option<Detected> {
    Some(Detected {
        language: code.parse().ok()?,
        confidence: confidence.clamp(0.0, 1.0),
    })
}

/// Grows from 0 to 1 with the number of letters; one half at `half` letters.
fn enough(letters: usize, half: f64) -> f64 {
    let letters = letters as f64;
    letters / (letters + half)
}

/// The start and the middle of a long text, links left out.
fn sample(text: &str) -> String {
    let cut = |from: usize, len: usize| {
        let boundary = |at: usize| {
            (0..=at.min(text.len()))
                .rev()
                .find(|&at| text.is_char_boundary(at))
                .unwrap_or(0)
        };
        &text[boundary(from)..boundary(from + len)]
    };
    let joined = if text.len() <= SAMPLE {
        text.to_owned()
    } else {
        format!("{} {}", cut(0, SAMPLE / 2), cut(text.len() / 2, SAMPLE / 2))
    };
    joined
        .split_whitespace()
        .filter(|word| !word.contains("://") && !word.contains('@') && !word.starts_with("www."))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Letters that settle a language among those of its script, and letters that rule it out.
const LETTERS: &[(&str, Script, &str, &str)] = &[
    ("uk", Script::Cyrillic, "їєґ", "ыэёъў"),
    ("ru", Script::Cyrillic, "ыэёъ", "іїєґўјљњђћџғқңөұүһ"),
    ("be", Script::Cyrillic, "ў", "иъїєґщ"),
    ("bg", Script::Cyrillic, "", "ыэёіїєґўј"),
    ("sr", Script::Cyrillic, "ђћ", "йщъыьэюяіїєґўѓќѕ"),
    ("mk", Script::Cyrillic, "ѓќѕ", "йщъыьэюяіїєґўђћ"),
    ("kk", Script::Cyrillic, "әғқұһ", "їєґў"),
    ("mn", Script::Cyrillic, "", "іїєґўәғқұ"),
    ("ky", Script::Cyrillic, "", "іїєґўәғқұһ"),
    ("tg", Script::Cyrillic, "ӣӯҳҷ", "ыіїєґўщ"),
    ("fa", Script::Arabic, "پچژگ", "ةىكي"),
    ("ur", Script::Arabic, "ٹڈڑےں", ""),
    ("ps", Script::Arabic, "ټډړښږڼې", ""),
];

/// Frequent little words that the languages of a script do not share; a word counts for each language that has it.
const WORDS: &str = include_str!("function_words.toml");

fn words() -> &'static HashMap<String, Vec<&'static str>> {
    static TABLE: OnceLock<HashMap<String, Vec<&'static str>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<String, Vec<&'static str>> = HashMap::new();
        let file: HashMap<String, String> = toml::from_str(WORDS).unwrap_or_default();
        for language in Language::all() {
            for word in file
                .get(language.code())
                .map_or("", String::as_str)
                .split_whitespace()
            {
                table.entry(word.to_owned()).or_default().push(language.code());
            }
        }
        table
    })
}

/// Adds up what trigrams, letters and function words say.
fn vote(sample: &str, script: Script, letters: usize) -> Option<Detected> {
    let lower = sample.to_lowercase();
    let mut scores: HashMap<&'static str, f64> = HashMap::new();

    let trigrams = whatlang::Detector::with_allowlist(candidates(script)).detect(sample);
    if let Some(info) = &trigrams
        && let Some(language) = language_of(info.lang())
    {
        *scores.entry(language.code()).or_default() +=
            0.35 + 0.65 * info.confidence() * enough(letters, 30.0);
    }

    let mut hits: HashMap<&'static str, f64> = HashMap::new();
    for word in lower.split(|c: char| !c.is_alphabetic() && c != '\'' && c != '’') {
        let codes = words().get(word).map_or(&[][..], Vec::as_slice);
        for code in codes {
            *hits.entry(code).or_default() += 1.0 / codes.len() as f64;
        }
    }
    let total: f64 = hits.values().sum();
    for (code, hit) in hits {
        *scores.entry(code).or_default() += 1.6 * hit / (total + 1.0);
    }

    for &(code, _, own, foreign) in LETTERS.iter().filter(|entry| entry.1 == script) {
        let count = |set: &str| lower.chars().filter(|&c| set.contains(c)).count() as f64 / letters as f64;
        // A quoted foreign word or name holds a few of them; a text is full of them.
        let (has, lacks) = (count(own), count(foreign));
        let score = scores.entry(code).or_default();
        *score += (has * 40.0).min(1.2);
        *score -= (lacks * 40.0).min(1.5);
    }

    let mut ranked: Vec<(&'static str, f64)> = scores.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let &(code, best) = ranked.first().filter(|(_, score)| *score > 0.0)?;
    let second = ranked.get(1).map_or(0.0, |(_, score)| score.max(0.0));
    let lead = (best - second) / best;
    detected(code, lead.sqrt() * enough(letters, 12.0) * best.min(1.0))
}

/// The languages of `whatlang` that use `script` and have a name here.
fn candidates(script: Script) -> Vec<whatlang::Lang> {
    whatlang::Lang::all()
        .iter()
        .copied()
        .filter(|&lang| language_of(lang).is_some_and(|language| language.scripts().contains(&script)))
        .collect()
}

fn language_of(lang: whatlang::Lang) -> Option<Language> {
    let code = CODES.iter().find(|(three, _)| *three == lang.code())?.1;
    code.parse().ok()
}

/// ISO 639-3 as `whatlang` writes it → BCP-47.
const CODES: &[(&str, &str)] = &[
    ("eng", "en"),
    ("rus", "ru"),
    ("cmn", "zh"),
    ("spa", "es"),
    ("por", "pt"),
    ("ita", "it"),
    ("ben", "bn"),
    ("fra", "fr"),
    ("deu", "de"),
    ("ukr", "uk"),
    ("kat", "ka"),
    ("ara", "ar"),
    ("hin", "hi"),
    ("jpn", "ja"),
    ("heb", "he"),
    ("pol", "pl"),
    ("amh", "am"),
    ("kor", "ko"),
    ("nob", "nb"),
    ("dan", "da"),
    ("swe", "sv"),
    ("fin", "fi"),
    ("tur", "tr"),
    ("nld", "nl"),
    ("hun", "hu"),
    ("ces", "cs"),
    ("ell", "el"),
    ("bul", "bg"),
    ("bel", "be"),
    ("mar", "mr"),
    ("kan", "kn"),
    ("ron", "ro"),
    ("slv", "sl"),
    ("hrv", "hr"),
    ("srp", "sr"),
    ("mkd", "mk"),
    ("lit", "lt"),
    ("lav", "lv"),
    ("est", "et"),
    ("tam", "ta"),
    ("vie", "vi"),
    ("urd", "ur"),
    ("tha", "th"),
    ("guj", "gu"),
    ("uzb", "uz"),
    ("pan", "pa"),
    ("aze", "az"),
    ("ind", "id"),
    ("tel", "te"),
    ("pes", "fa"),
    ("mal", "ml"),
    ("mya", "my"),
    ("nep", "ne"),
    ("sin", "si"),
    ("khm", "km"),
    ("afr", "af"),
    ("slk", "sk"),
    ("cat", "ca"),
    ("tgl", "fil"),
    ("hye", "hy"),
    ("cym", "cy"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn is(code: &str, text: &str) {
        let found = detect(text).unwrap();
        assert_eq!(found.language.code(), code, "{text}: {found:?}");
    }

    #[test]
    fn the_data_file_is_sound() {
        let file: HashMap<String, String> = toml::from_str(WORDS).unwrap();
        for code in file.keys() {
            assert!(code.parse::<Language>().is_ok(), "{code}");
        }
        for lang in whatlang::Lang::all() {
            let left_out = ["epo", "yid", "jav", "ori", "tuk", "aka", "zul", "sna", "lat"];
            assert!(
                language_of(*lang).is_some() || left_out.contains(&lang.code()),
                "{lang}"
            );
        }
    }

    #[test]
    fn tells_neighbours_apart() {
        is(
            "uk",
            "Мер заявив, що порт закриють на зиму, а рибалки отримають виплати до кінця року.",
        );
        is("uk", "Порт закрито через бурю, повідомили в місті");
        is(
            "ru",
            "Мэр заявил, что порт закроют на зиму, а рыбаки получат выплаты до конца года.",
        );
        is("ru", "Порт закроют на зиму, сообщил мэр");
        is(
            "be",
            "Мэр заявіў, што порт зачыняць на зіму, а рыбакі атрымаюць выплаты да канца года.",
        );
        is(
            "bg",
            "Кметът заяви, че пристанището ще бъде затворено през зимата, а рибарите ще получат помощ.",
        );
        is(
            "sr",
            "Градоначелник је рекао да ће лука бити затворена током зиме и да ће рибари добити помоћ.",
        );
        is(
            "kk",
            "Қала әкімі порттың қыста жабылатынын және балықшылар төлем алатынын айтты.",
        );
        is("ko", "시장은 항구가 닫힌다고 말했다. Tarn Harbour Authority");
        is("ja", "市長は港が冬の間閉鎖されると述べた。");
        is("zh", "市长说,港口将在冬季关闭,渔民将得到补偿。");
        is(
            "fa",
            "شهردار گفت بندر در زمستان بسته خواهد شد و ماهیگیران کمک می‌گیرند.",
        );
        is(
            "ar",
            "قال رئيس البلدية إن الميناء سيغلق في الشتاء وإن الصيادين سيحصلون على مساعدة.",
        );
        is("el", "Το λιμάνι θα κλείσει");
        is("ka", "პორტი დაიხურება");
    }

    #[test]
    fn tells_latin_languages_apart() {
        is("en", "The mayor said the harbour would close for the winter.");
        is("en", "Harbour to close after the storm");
        is(
            "de",
            "Der Hafen wird im Winter geschlossen, sagte die Bürgermeisterin.",
        );
        is("fr", "Le port sera fermé pendant l'hiver, a déclaré la maire.");
        is("es", "El puerto cerrará durante el invierno, dijo la alcaldesa.");
        is(
            "pt",
            "O porto será fechado durante o inverno, disse a prefeita, e os pescadores não receberão nada.",
        );
        is(
            "it",
            "Il porto sarà chiuso durante l'inverno, ha detto la sindaca.",
        );
        is("pl", "Port zostanie zamknięty na zimę, powiedziała burmistrzyni.");
        is("nl", "De haven gaat in de winter dicht, zei de burgemeester.");
        is("cs", "Přístav bude v zimě uzavřen, řekla starostka.");
        is(
            "sv",
            "Hamnen stängs under vintern, sade borgmästaren, och det är inte klart när den öppnar.",
        );
        is(
            "tr",
            "Belediye başkanı limanın kış boyunca kapalı kalacağını söyledi.",
        );
        is(
            "fi",
            "Satama suljetaan talveksi, kaupunginjohtaja sanoi, mutta kalastajat eivät saa tukea.",
        );
        is(
            "ro",
            "Portul va fi închis pe timpul iernii, a spus primarul, iar pescarii nu vor primi ajutor.",
        );
        is("vi", "Thị trưởng nói cảng sẽ đóng cửa trong mùa đông.");
    }

    #[test]
    fn a_quoted_foreign_line_does_not_turn_the_text() {
        is(
            "en",
            "The statement, published in Ukrainian as «Порт закрито на зиму», was read out by the mayor on Monday.",
        );
        is(
            "uk",
            "Газета Tarn Herald написала: «Harbour to close for the winter». У міській раді це підтвердили.",
        );
    }

    #[test]
    fn doubt_grows_as_texts_shrink() {
        let sure = detect("The mayor said that the harbour would be closed for the whole of the winter, and that it was not known when it would open again.").unwrap();
        assert!(sure.confidence > 0.8, "{sure:?}");
        let short = detect("Tarn").unwrap();
        assert!(short.confidence < 0.4, "{short:?}");
        assert_eq!(detect("12:45 — 3.5 % ☂"), None);
        assert_eq!(detect(""), None);
    }
}
