//! How alike two names sound, whatever script each is written in: word → sounds → a weighted edit distance.
//!
//! Ukrainian by the rules of 2010 (KMU-55), Russian alike, Korean by jamo, Chinese by the pinyin of the characters used for
//! foreign names (`data/pinyin.toml`), Latin letters by a rough reading of English spelling. The distance forgives what
//! transliteration changes (voicing, l and r in Korean, inserted vowels), endings of cases, and particles.

mod distance;
mod romanise;
mod spelling;

use unicode_normalization::UnicodeNormalization;

use crate::text::language::Language;
use distance::{distance, first_differs, is_vowel, weight};
pub use romanise::{is_surname, romanise};
pub use spelling::writes_names;
use spelling::{chinese, cyrillic, english, korean, letters};

/// How alike `a` and `b` sound, from 0 to 1, endings and particles of either language set aside.
///
/// Equal words give 1. Unrelated words stay under 0.5; the shorter the words, the less a high value means.
pub fn similarity(a: &str, lang_a: Language, b: &str, lang_b: Language) -> f64 {
    best(&Sound::variants(a, lang_a), &Sound::variants(b, lang_b))
}

/// The best similarity between any two readings.
pub fn best(a: &[Sound], b: &[Sound]) -> f64 {
    let mut top: f64 = 0.0;
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            // What had to be cut off counts a little against a pair.
            let cut = 0.01 * (i.min(3) + j.min(3)) as f64;
            top = top.max(x.similarity(y) - cut);
        }
    }
    top.max(0.0)
}

/// The sounds of one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    phones: Vec<u8>,
    /// Whether l and r, voiced and voiceless, are one (Korean, Chinese).
    loose: bool,
    /// The word itself in lower case, for words that stay in Latin letters.
    latin: Option<String>,
}

impl Sound {
    /// The readings of `word`: as it stands, then without endings and particles.
    pub fn variants(word: &str, language: Language) -> Vec<Sound> {
        let word: String = word.nfc().collect::<String>().to_lowercase();
        let mut readings = Vec::new();
        for form in forms(&word, language) {
            readings.extend(read(&form, language));
        }
        readings.dedup();
        readings
    }

    /// How much there is to compare: consonants count 1, vowels less.
    pub fn weight(&self) -> f64 {
        self.phones.iter().map(|&p| weight(p, self.loose)).sum()
    }

    /// Consonants of the word.
    pub fn consonants(&self) -> usize {
        self.phones.iter().filter(|&&p| !is_vowel(p)).count()
    }

    fn similarity(&self, other: &Sound) -> f64 {
        if let (Some(a), Some(b)) = (&self.latin, &other.latin)
            && a == b
        {
            return 1.0;
        }
        if self.phones.is_empty() || other.phones.is_empty() {
            return 0.0;
        }
        let loose = self.loose || other.loose;
        let cost = distance(&self.phones, &other.phones, loose);
        let whole = self.weight().max(other.weight()).max(1e-9);
        let mut value = 1.0 - cost / whole;
        // A name keeps its first sound.
        if first_differs(&self.phones, &other.phones, loose) {
            value -= 0.15;
        }
        value.clamp(0.0, 1.0)
    }
}

/// The word, and the word without what its language hangs on it.
fn forms(word: &str, language: Language) -> Vec<String> {
    let mut all = vec![word.to_owned()];
    let mut cut = |endings: &[&str], keep: usize| {
        for ending in endings {
            if let Some(stem) = word.strip_suffix(ending)
                && stem.chars().count() >= keep
            {
                all.push(stem.to_owned());
            }
        }
    };
    match language.code() {
        "uk" | "ru" | "be" => cut(CASE_ENDINGS, 2),
        "ko" => cut(PARTICLES, 1),
        "en" => cut(&["'s", "’s", "s'", "s’"], 2),
        _ => {}
    }
    all
}

const CASE_ENDINGS: &[&str] = &[
    "а",
    "у",
    "ю",
    "я",
    "і",
    "и",
    "е",
    "о",
    "ї",
    "ы",
    "є",
    "ом",
    "ем",
    "ем",
    "єм",
    "ою",
    "ею",
    "єю",
    "ой",
    "ей",
    "ам",
    "ах",
    "ові",
    "еві",
    "єві",
    "им",
    "ым",
    "ого",
    "ому",
    "ів",
    "ами",
    "ям",
    "ию",
    "ии",
    "ию",
    "ія",
    "ії",
    "ію",
    "ією",
    "ий",
    "ый",
    "ій",
    "их",
    "ых",
    "ская",
    "ський",
    "ської",
    "ский",
    "ского",
];

const PARTICLES: &[&str] = &[
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "도",
    "와",
    "과",
    "로",
    "으로",
    "에서",
    "에게",
    "께서",
    "만",
    "씨",
    "씨는",
    "씨가",
    "에는",
    "에도",
    "까지",
    "부터",
    "라고",
    "이라고",
    "라는",
    "이라는",
    "인",
    "들",
    "이나",
    "나",
    "처럼",
    "보다",
    "측",
    "측은",
    "와의",
    "과의",
    "에서는",
    "에게서",
    "으로부터",
    "로부터",
    "이다",
    "다",
    "였다",
    "입니다",
    "이었다",
    "였습니다",
    "이었습니다",
    "이며",
    "며",
    "이고",
    "고",
    "인들은",
    "인들",
    "인은",
    "인이",
    "한테",
    "대통령은",
    "의원은",
    "들은",
    "들이",
    "들을",
    "랑",
    "으로는",
    "로는",
    "에서의",
    "만이",
    "란",
    "이란",
    "님",
    "군",
    "양",
    "시",
    "시의",
    "시에서",
    "주",
    "주의",
    "주에서",
    "어",
    "인의",
];

/// Whether Korean hangs `ending` on a name: 은, 에게, 씨는.
pub fn is_particle(ending: &str) -> bool {
    PARTICLES.contains(&ending)
}

/// The readings of one form; several where spelling leaves a choice.
fn read(word: &str, language: Language) -> Vec<Sound> {
    let has = |from: char, to: char| word.chars().any(|c| (from..=to).contains(&c));
    if has('가', '힣') {
        return vec![sound(&korean(word), true)];
    }
    if has('\u{4e00}', '\u{9fff}') {
        return chinese(word)
            .map(|phones| sound(&phones, true))
            .into_iter()
            .collect();
    }
    if has('а', 'ґ') {
        return vec![sound(&cyrillic(word, language == Language::UK), false)];
    }
    let latin: String = word
        .nfd()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .collect();
    let mut readings: Vec<Sound> = vec![sound(&english(&latin), false)];
    let spelt = letters(&latin);
    readings.push(sound(&spelt, false));
    for reading in &mut readings {
        reading.latin = Some(latin.clone());
    }
    readings
}

/// Doubled consonants are one.
fn sound(phones: &str, loose: bool) -> Sound {
    let mut list: Vec<u8> = phones.bytes().filter(u8::is_ascii_alphabetic).collect();
    list.dedup_by(|a, b| a == b && !is_vowel(*a));
    Sound {
        phones: list,
        loose,
        latin: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn alike(en: &str, other: &str, language: Language) -> f64 {
        similarity(en, Language::EN, other, language)
    }

    #[test]
    fn names_are_known_across_scripts() {
        for (en, other, language) in [
            ("Shulman", "Шульман", Language::RU),
            ("Blemmings", "Блеммінгс", Language::UK),
            ("Halenko", "Галенка", Language::UK),
            ("Zhytomyr", "Житомирі", Language::UK),
            ("Coupe", "Куп", Language::UK),
            ("Harcourt", "Гаркорту", Language::UK),
            ("Wolmar", "월마", Language::KO),
            ("Fallon", "팰런은", Language::KO),
            ("Erdogan", "에르도안", Language::KO),
            ("Elina", "엘리나", Language::KO),
            ("Bartet", "바르텟이", Language::KO),
            ("Mildred", "마일드레드가", Language::KO),
            ("Peterson", "彼得森", Language::ZH),
            ("Clark", "克拉克", Language::ZH),
            ("Stevenson", "史蒂文森", Language::ZH),
            ("Marsden", "马斯登", Language::ZH),
        ] {
            if language == Language::ZH && !other.chars().all(writes_names) {
                continue;
            }
            let score = alike(en, other, language);
            assert!(score > 0.6, "{en} {other} {score}");
        }
    }

    #[test]
    fn strangers_stay_apart() {
        for (en, other, language) in [
            ("Shulman", "Петренко", Language::UK),
            ("Blemmings", "Шевченко", Language::UK),
            ("Fallon", "김민수", Language::KO),
            ("Peterson", "克拉克", Language::ZH),
            ("Marsden", "威廉", Language::ZH),
        ] {
            let score = alike(en, other, language);
            assert!(score < 0.5, "{en} {other} {score}");
        }
    }

    #[test]
    fn the_pinyin_table_parses() {
        let rows: std::collections::HashMap<String, String> =
            toml::from_str(include_str!("data/pinyin.toml")).unwrap();
        assert!(rows.values().map(|chars| chars.chars().count()).sum::<usize>() >= 400);
        assert!(
            rows.values()
                .flat_map(|r| r.chars())
                .all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
        );
    }

    proptest::proptest! {
        #[test]
        fn any_two_words_compare(a in "\\PC{0,12}", b in "[а-яґіїє가-힣a-z克斯德尔]{0,12}") {
            for (x, y) in [(Language::EN, Language::UK), (Language::KO, Language::ZH), (Language::RU, Language::EN)] {
                let score = similarity(&a, x, &b, y);
                proptest::prop_assert!((0.0..=1.0).contains(&score));
            }
        }
    }
}
