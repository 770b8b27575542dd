//! Known names in several languages (`gazetteer/*.toml`): text → which entries stand where.
//!
//! A form takes the endings of its language (Ukrainian and Russian cases, Korean particles, English possessives); a form
//! that ends in `*` lets anything follow.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::words::words;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A country, a city, a sea; their peoples and adjectives.
    Place,
    /// A weekday or month.
    Time,
    /// A medium or agency.
    Outlet,
    /// A ministry, court, bank, alliance, party.
    Institution,
    /// A common noun or pronoun.
    Term,
}

/// Where entries stand: a span, and every entry that it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// In the text.
    pub span: Span,
    /// Indices of entries.
    pub entries: Vec<u32>,
}

#[derive(Deserialize)]
struct File {
    columns: Vec<String>,
    kind: Kind,
    rows: Vec<Vec<String>>,
}

const FILES: [&str; 7] = [
    include_str!("gazetteer/countries.toml"),
    include_str!("gazetteer/nations.toml"),
    include_str!("gazetteer/calendar.toml"),
    include_str!("gazetteer/outlets.toml"),
    include_str!("gazetteer/institutions.toml"),
    include_str!("gazetteer/terms.toml"),
    include_str!("gazetteer/west.toml"),
];

/// One word of a form.
#[derive(Debug)]
enum Part {
    /// As it stands, in this case (a capital must be a capital).
    Exact(String),
    /// Lower-case stems; the rest must be a case ending.
    Inflected(Vec<String>),
    /// Anything may follow.
    Prefix(String),
}

#[derive(Debug)]
struct Form {
    parts: Vec<Part>,
    entry: u32,
}

/// Forms of one language by the first characters of their first word.
#[derive(Default)]
struct Index {
    spaced: HashMap<String, Vec<Form>>,
    /// Korean and Chinese: by the first character.
    joined: HashMap<char, Vec<(String, u32)>>,
}

/// All entries.
pub struct Gazetteer {
    kinds: Vec<Kind>,
    /// The first form of each entry, its dictionary form, by language.
    names: HashMap<(u32, String), String>,
    languages: HashMap<String, Index>,
}

/// The gazetteer, parsed once.
pub fn gazetteer() -> &'static Gazetteer {
    static TABLE: OnceLock<Gazetteer> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Gazetteer {
            kinds: Vec::new(),
            names: HashMap::new(),
            languages: HashMap::new(),
        };
        for file in FILES.iter().filter_map(|text| toml::from_str::<File>(text).ok()) {
            table.add(&file);
        }
        table
    })
}

const KEY: usize = 2;

fn key(word: &str) -> String {
    word.chars().take(KEY).collect::<String>().to_lowercase()
}

fn plain(word: &str) -> String {
    word.replace(['’', 'ʼ', '`'], "'")
}

impl Gazetteer {
    fn add(&mut self, file: &File) {
        for row in &file.rows {
            let entry = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
            self.kinds.push(file.kind);
            for (code, forms) in file.columns.iter().zip(row) {
                let index = self.languages.entry(code.clone()).or_default();
                if let Some(name) = forms
                    .split('|')
                    .map(str::trim)
                    .find(|f| !f.is_empty() && !f.ends_with('*'))
                {
                    self.names.insert((entry, code.clone()), name.to_owned());
                }
                for form in forms.split('|').map(str::trim).filter(|f| !f.is_empty()) {
                    index.add(code, form, entry);
                }
            }
        }
    }

    /// The names that stand in `text`, each with its dictionary form in language `to`: what a translator should be
    /// told. Names that may be several entries are left out, and so are common nouns and dates, which need no telling.
    pub fn terms(&self, text: &str, from: Language, to: Language) -> Vec<(String, String)> {
        let mut terms: Vec<(String, String)> = Vec::new();
        for hit in self.find(text, from) {
            let [entry] = hit.entries[..] else { continue };
            if matches!(self.kind(entry), Kind::Term | Kind::Time) {
                continue;
            }
            let Some(name) = self.names.get(&(entry, to.code().to_owned())) else {
                continue;
            };
            let written = hit.span.of(text).to_owned();
            if !terms.iter().any(|(known, _)| *known == written) {
                terms.push((written, name.clone()));
            }
        }
        terms
    }

    /// What the entry is.
    pub fn kind(&self, entry: u32) -> Kind {
        self.kinds.get(entry as usize).copied().unwrap_or(Kind::Term)
    }

    /// Whether the entry is a personal pronoun.
    pub fn is_pronoun(&self, entry: u32) -> bool {
        self.names
            .get(&(entry, "en".to_owned()))
            .is_some_and(|name| matches!(name.as_str(), "he" | "she" | "they" | "it"))
    }

    /// How many entries there are, all kinds together.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether the data is missing.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Whether there are names of `language` in it.
    pub fn knows(&self, language: Language) -> bool {
        self.languages.contains_key(language.code())
    }

    /// The entries that stand in `text`, longest first where they overlap, in the order of the text.
    pub fn find(&self, text: &str, language: Language) -> Vec<Hit> {
        let mut hits = match language.code() {
            "ko" | "zh" | "ja" => self.find_joined(text, language),
            _ => self.find_spaced(text, language),
        };
        // Names that a translation leaves in Latin letters.
        if !matches!(language.code(), "en") {
            let known = hits.clone();
            let free = |hit: &Hit| !known.iter().any(|k| k.span.overlaps(hit.span));
            let latin = |hit: &Hit| {
                hit.span.of(text).is_ascii() && hit.entries.iter().any(|&e| self.kind(e) != Kind::Term)
            };
            hits.extend(
                self.find_spaced(text, Language::EN)
                    .into_iter()
                    .filter(|hit| latin(hit) && free(hit)),
            );
            hits.sort_by_key(|hit| hit.span);
        }
        hits
    }

    fn find_spaced(&self, text: &str, language: Language) -> Vec<Hit> {
        let Some(index) = self.languages.get(language.code()) else {
            return Vec::new();
        };
        let spans = words(text);
        let list: Vec<String> = spans.iter().map(|s| plain(s.of(text))).collect();
        let mut hits = Vec::new();
        let mut at = 0;
        while at < list.len() {
            let mut best: (usize, Vec<u32>) = (0, Vec::new());
            for form in index.spaced.get(&key(&list[at])).into_iter().flatten() {
                let length = form.parts.len();
                let fits = list.len() >= at + length
                    && form
                        .parts
                        .iter()
                        .zip(&list[at..])
                        .all(|(part, word)| part.fits(word))
                    && (1..length).all(|i| {
                        let gap = text.get(spans[at + i - 1].end..spans[at + i].start).unwrap_or("");
                        gap.chars().count() <= 2 && !gap.contains([',', ';', '.', '!', '?'])
                    });
                if fits && length > best.0 {
                    best = (length, vec![form.entry]);
                } else if fits && length == best.0 && !best.1.contains(&form.entry) {
                    best.1.push(form.entry);
                }
            }
            if best.0 > 0 {
                hits.push(Hit {
                    span: spans[at].cover(spans[at + best.0 - 1]),
                    entries: best.1,
                });
            }
            at += best.0.max(1);
        }
        hits
    }

    fn find_joined(&self, text: &str, language: Language) -> Vec<Hit> {
        let Some(index) = self.languages.get(language.code()) else {
            return Vec::new();
        };
        let korean = language == Language::KO;
        let hangul = |c: char| ('가'..='힣').contains(&c);
        let mut hits: Vec<Hit> = Vec::new();
        let mut before = ' ';
        let mut free_from = 0;
        for (at, c) in text.char_indices() {
            let inside = korean && hangul(before) && hangul(c);
            let digit_inside = c.is_ascii_digit() && before.is_ascii_digit();
            let latin_inside = c.is_ascii_alphabetic() && before.is_ascii_alphabetic();
            before = c;
            if at < free_from || digit_inside || latin_inside {
                continue;
            }
            let mut best: (usize, Vec<u32>) = (0, Vec::new());
            for (form, entry) in index.joined.get(&c).into_iter().flatten() {
                let rest = &text[at..];
                let mut length = form.len();
                if !rest.starts_with(form.as_str()) {
                    // A compound may be written without the space.
                    let squeezed: String = form.split(' ').collect();
                    if !form.contains(' ') || !rest.starts_with(&squeezed) {
                        continue;
                    }
                    length = squeezed.len();
                }
                let short = form.chars().count() == 1;
                let after = rest[length..].chars().next();
                let cut = korean && short && after.is_some_and(hangul) && !particle_follows(&rest[length..]);
                let latin_cut = form.is_ascii() && after.is_some_and(|a| a.is_ascii_alphabetic());
                // Inside a word only what is long enough not to be chance.
                if cut || latin_cut || (inside && form.chars().count() < 3) {
                    continue;
                }
                if length > best.0 {
                    best = (length, vec![*entry]);
                } else if length == best.0 && !best.1.contains(entry) {
                    best.1.push(*entry);
                }
            }
            if best.0 > 0 {
                free_from = at + best.0;
                hits.push(Hit {
                    span: Span::new(at, free_from),
                    entries: best.1,
                });
            }
        }
        hits
    }
}

/// Whether what follows is a particle and then no letter.
fn particle_follows(rest: &str) -> bool {
    const PARTICLES: [&str; 14] = [
        "은", "는", "이", "가", "을", "를", "의", "에", "도", "와", "과", "로", "만", "에게",
    ];
    PARTICLES.iter().any(|p| {
        rest.strip_prefix(p)
            .is_some_and(|r| !r.starts_with(char::is_alphabetic))
    })
}

impl Index {
    fn add(&mut self, code: &str, form: &str, entry: u32) {
        if matches!(code, "ko" | "zh") {
            if let Some(first) = form.chars().next() {
                self.joined
                    .entry(first)
                    .or_default()
                    .push((form.to_owned(), entry));
            }
            return;
        }
        let inflects = matches!(code, "uk" | "ru");
        // `words` would drop the stars.
        let parts: Vec<(String, bool)> = form
            .split([' ', '-'])
            .map(|w| (plain(w.trim_end_matches('*')), w.ends_with('*')))
            .filter(|(w, _)| !w.is_empty())
            .collect();
        let Some((first, _)) = parts.first() else { return };
        let first_key = key(first);
        let parts = parts
            .into_iter()
            .map(|(word, star)| {
                if star {
                    Part::Prefix(word.to_lowercase())
                } else if inflects && !word.is_ascii() && !word.chars().all(char::is_uppercase) {
                    Part::Inflected(stems(&word.to_lowercase()))
                } else {
                    Part::Exact(word)
                }
            })
            .collect();
        self.spaced
            .entry(first_key)
            .or_default()
            .push(Form { parts, entry });
    }
}

impl Part {
    fn fits(&self, word: &str) -> bool {
        match self {
            Part::Exact(form) => {
                let bare = word.strip_suffix("'s").unwrap_or(word);
                // A form with a capital must have it; a small one may open a sentence.
                word == form
                    || bare == form
                    || (!form.starts_with(char::is_uppercase) && bare.to_lowercase() == *form)
            }
            Part::Prefix(stem) => word.to_lowercase().starts_with(stem.as_str()),
            Part::Inflected(stems) => {
                let lower = word.to_lowercase();
                stems
                    .iter()
                    .any(|stem| lower.strip_prefix(stem.as_str()).is_some_and(is_ending))
            }
        }
    }
}

/// The word without its ending, and without the vowel that comes and goes before it (понеділок, понеділка).
fn stems(word: &str) -> Vec<String> {
    let vowel = |c: char| "аеєиіїоуюяыэё".contains(c);
    let ending = |c: char| vowel(c) || matches!(c, 'й' | 'ь');
    // Китай, Китаї: one letter comes off; Франція, німецький: two.
    let one = word
        .strip_suffix(ending)
        .filter(|s| s.chars().count() >= 2)
        .unwrap_or(word);
    let two = one
        .strip_suffix(vowel)
        .filter(|s| one.len() < word.len() && s.chars().count() >= 3);
    let mut stems = vec![one.to_owned()];
    stems.extend(two.map(str::to_owned));
    let chars: Vec<char> = two.unwrap_or(one).chars().collect();
    if let [.., a, v, b] = chars[..]
        && !vowel(a)
        && matches!(v, 'о' | 'е' | 'і' | 'ё')
        && !vowel(b)
        && chars.len() > 3
    {
        let mut short: String = chars[..chars.len() - 2].iter().collect();
        short.push(b);
        stems.push(short);
    }
    stems
}

fn is_ending(rest: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "", "а", "у", "ю", "я", "і", "и", "е", "о", "ї", "ы", "є", "ь", "й", "ом", "ем", "єм", "ою", "ею",
        "єю", "ой", "ей", "ам", "ах", "ові", "еві", "єві", "им", "ым", "ого", "ому", "ів", "ами", "ям", "ях",
        "ями", "ию", "ии", "ія", "ії", "ію", "ією", "ий", "ый", "ій", "их", "ых", "ими", "ыми", "ів", "їв",
        "ов", "ев", "ая", "яя", "ое", "ее", "ую", "юю", "ые", "ие", "ья", "ье", "ью", "ьою", "ием", "иям",
        "иях", "ия", "ие", "ьє", "ій", "ієм", "іями", "ок", "ець", "ень", "го", "му", "м", "ьой", "ьи", "ці",
        "зі", "сі",
    ];
    ENDINGS.contains(&rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_data_files_parse_and_every_row_is_complete() {
        let mut bodies = 0;
        for text in FILES {
            let file: File = toml::from_str(text).unwrap();
            let west = file.columns == ["en", "de", "pl"] && file.kind == Kind::Term;
            assert!(west || file.columns == ["en", "uk", "ru", "ko", "zh"]);
            assert!(
                file.rows
                    .iter()
                    .all(|row| row.len() == file.columns.len() && row.iter().all(|cell| !cell.is_empty()))
            );
            if matches!(file.kind, Kind::Outlet | Kind::Institution) {
                bodies += file.rows.len();
            }
        }
        assert!(bodies >= 300, "{bodies}");
    }

    fn shared(en: &str, other: &str, language: Language) -> bool {
        let table = gazetteer();
        let known = table.find(en, Language::EN);
        let found = table.find(other, language);
        known.iter().any(|k| {
            found
                .iter()
                .any(|f| f.entries.iter().any(|e| k.entries.contains(e)))
        })
    }

    #[test]
    fn forms_take_their_endings() {
        for (en, other, language) in [
            ("on Monday", "минулого понеділка", Language::UK),
            ("in Germany", "у Німеччині", Language::UK),
            ("in China", "у Китаї", Language::UK),
            ("in France", "у Франції", Language::UK),
            ("the Defence Ministry", "у Міністерстві оборони", Language::UK),
            ("in the United States", "в Соединенных Штатах", Language::RU),
            ("the US said", "미국은", Language::KO),
            ("the Kremlin", "크렘린궁은", Language::KO),
            ("NATO", "北约称", Language::ZH),
            ("in December", "12월에", Language::KO),
            ("Reuters", "агентство Reuters", Language::UK),
            ("a spokesman said", "речниця повідомила", Language::UK),
        ] {
            assert!(shared(en, other, language), "{en} {other}");
        }
        assert!(!shared("tell us", "США", Language::UK));
        assert!(!shared("in December", "2월에", Language::KO));
    }
}
