//! A text and its versions in other languages, held against it → a section of the page.

use crate::align::{Claim, Ledger, Parts, Status};
use crate::attribution::Form;
use crate::finding::{Finding, Severity};
use crate::text::language::Language;
use crate::text::span::Span;

use super::super::words::{counted, name_of, shortened};
use super::pieces::{self, Kind, Layer, Role};
use super::view::{Cell, ClaimRow, ClaimSide, Column, Item, Mark, Piece, Quote, Row, Section, Who};

/// So many colours there are; more sources than that share them.
const COLOURS: usize = 8;
/// Characters of a claim's content that the table shows; the whole stands in the text above.
const CONTENT: usize = 160;
/// Characters of the words that a finding is about.
const ABOUT: usize = 80;

/// One text and what was held against it. All ledgers have that text as their source.
pub(super) struct Versions<'a> {
    id: String,
    language: Language,
    text: &'a str,
    segments: Vec<Span>,
    held: Vec<(&'a Ledger, &'a [Finding])>,
    /// Who the claims name, in the order of the text.
    names: Vec<Option<&'a str>>,
}

impl Section {
    /// Two texts held against each other.
    pub(super) fn of_check(number: usize, ledger: &Ledger, findings: &[Finding]) -> Self {
        let segments = ledger.segments.iter().map(|p| p.source).collect();
        let source = (ledger.source.language, ledger.source.text.as_str());
        Versions::new(number, source, segments, vec![(ledger, findings)]).section(ledger.id.clone())
    }
}

impl<'a> Versions<'a> {
    /// `segments` of the text, and what was held against it: nothing, or ledgers with as many segments.
    pub(super) fn new(
        number: usize,
        (language, text): (Language, &'a str),
        segments: Vec<Span>,
        held: Vec<(&'a Ledger, &'a [Finding])>,
    ) -> Self {
        let mut names = Vec::new();
        for claim in held.first().map_or(&[][..], |(ledger, _)| &ledger.claims) {
            if !names.contains(&claim.who.as_deref()) {
                names.push(claim.who.as_deref());
            }
        }
        Self {
            id: format!("s{number}"),
            language,
            text,
            segments,
            held,
            names,
        }
    }

    pub(super) fn section(&self, title: String) -> Section {
        let columns: Vec<Column> = std::iter::once(self.language)
            .chain(self.held.iter().map(|(ledger, _)| ledger.target.language))
            .map(|language| Column {
                code: language.code(),
                name: language.name(),
                own_name: language.own_name(),
                direction: if language.is_right_to_left() { "rtl" } else { "ltr" },
            })
            .collect();
        let mut cells: Vec<std::vec::IntoIter<Cell>> = (0..columns.len())
            .map(|side| self.cells(side).into_iter())
            .collect();
        let rows = (0..self.segments.len())
            .map(|index| Row {
                id: format!("{}-r{}", self.id, index + 1),
                label: (index + 1).to_string(),
                headline: false,
                cells: cells.iter_mut().map(|c| c.next().unwrap_or_default()).collect(),
                findings: self.findings(index),
            })
            .collect();
        Section {
            id: self.id.clone(),
            title,
            title_language: None,
            about: None,
            embargo: None,
            verdict: self
                .held
                .iter()
                .map(|(ledger, found)| verdict(ledger, found))
                .collect(),
            columns,
            rows,
            who: self.who(),
            claims: (0..self.claims().len())
                .map(|claim| self.claim_row(claim))
                .collect(),
            sources: Vec::new(),
            foot: None,
        }
    }

    /// What the source text claims; the same in all ledgers.
    fn claims(&self) -> &[Claim] {
        self.held.first().map_or(&[], |(ledger, _)| &ledger.claims)
    }

    /// The text of a side: 0 is the source, the others are what was held against it.
    fn text(&self, side: usize) -> &str {
        match side.checked_sub(1) {
            None => self.text,
            Some(held) => &self.held[held].0.target.text,
        }
    }

    fn segments(&self, side: usize) -> Vec<Span> {
        match side.checked_sub(1) {
            None => self.segments.clone(),
            Some(held) => self.held[held].0.segments.iter().map(|p| p.target).collect(),
        }
    }

    fn parts(&self, side: usize, claim: usize) -> &Parts {
        match side.checked_sub(1) {
            None => &self.claims()[claim].source,
            Some(held) => &self.held[held].0.claims[claim].target,
        }
    }

    /// What became of a claim on that side; nothing on the source's.
    fn status(&self, side: usize, claim: usize) -> Option<Status> {
        let held = side.checked_sub(1)?;
        Some(self.held[held].0.claims[claim].status)
    }

    fn cells(&self, side: usize) -> Vec<Cell> {
        let text = self.text(side);
        let shown = pieces::shown(text, &self.segments(side));
        let layers = self.layers(side);
        let mut placed: Vec<Vec<(usize, usize)>> = vec![Vec::new(); shown.len()];
        let mut absent: Vec<Vec<usize>> = vec![Vec::new(); shown.len()];
        for (index, claim) in self.claims().iter().enumerate() {
            let at = anchor(self.parts(side, index));
            let row = at.and_then(|at| shown.iter().position(|s| s.start < at && at <= s.end));
            match (at, row) {
                (Some(at), Some(row)) => placed[row].push((at, index)),
                _ => absent[claim.segment.min(shown.len().saturating_sub(1))].push(index),
            }
        }
        shown
            .iter()
            .zip(placed.into_iter().zip(absent))
            .map(|(&shown, (placed, absent))| {
                let stops: Vec<usize> = placed.iter().map(|p| p.0).collect();
                let mut pieces: Vec<Piece> = Vec::new();
                for piece in pieces::cut(shown, &layers, &stops) {
                    let marks = placed.iter().filter(|p| p.0 == piece.span.end);
                    let marks = marks.map(|p| self.mark(side, p.1)).collect();
                    pieces.push(self.piece(&piece, text, marks));
                }
                Cell {
                    pieces,
                    absent: absent.iter().map(|&claim| self.mark(side, claim)).collect(),
                    ..Cell::default()
                }
            })
            .collect()
    }

    fn layers(&self, side: usize) -> Vec<Layer> {
        let mut layers: Vec<Layer> = (0..self.claims().len())
            .flat_map(|claim| claim_layers(claim, self.parts(side, claim)))
            .collect();
        for (held, (_, findings)) in self.held.iter().enumerate() {
            for finding in *findings {
                let span = match side {
                    0 => finding.source,
                    _ if side == held + 1 => finding.target,
                    _ => None,
                };
                layers.extend(span.map(|span| Layer {
                    span,
                    kind: Kind::Finding(finding.severity),
                }));
            }
        }
        layers
    }

    fn piece(&self, piece: &pieces::Piece, text: &str, marks: Vec<Mark>) -> Piece {
        let innermost = piece.claims.first();
        let role = |(claim, role): &(usize, Role)| match (self.claims()[*claim].form, role) {
            // a source line vouches for the whole article: coloured, it would drown everybody else
            (Form::Header, Role::Content) => "whole",
            _ => role.name(),
        };
        Piece {
            text: piece.span.of(text).to_owned(),
            role: innermost.map(role),
            colour: innermost
                .map(|(claim, _)| self.colour(*claim))
                .unwrap_or_default(),
            claims: piece
                .claims
                .iter()
                .map(|(claim, _)| self.claim_id(*claim))
                .collect(),
            finding: piece.finding,
            marks,
        }
    }

    fn claim_id(&self, claim: usize) -> String {
        format!("{}-c{}", self.id, claim + 1)
    }

    fn mark(&self, side: usize, claim: usize) -> Mark {
        let status = self.status(side, claim);
        let who = self.claims()[claim].who.as_deref().unwrap_or("no source named");
        let id = self.claim_id(claim);
        let others: Vec<String> = match side {
            0 => (1..=self.held.len())
                .map(|other| format!("{id}-x{other}"))
                .collect(),
            _ => vec![format!("{id}-x0")],
        };
        Mark {
            id: format!("{id}-m{side}"),
            number: claim + 1,
            colour: self.colour(claim),
            sign: status.filter(|s| *s != Status::Verified).map(sign),
            label: match status {
                None => format!("Claim {}: {who}", claim + 1),
                Some(status) => format!("Claim {}: {who}, {}", claim + 1, name_of(&status)),
            },
            described_by: others.join(" "),
            claim: id,
        }
    }

    /// The class that colours a claim: `w1` and up by its source, `w0` without one.
    fn colour(&self, claim: usize) -> String {
        let name = self.claims()[claim].who.as_deref();
        let mut named = self.names.iter().copied().flatten();
        match name.and_then(|name| named.position(|n| n == name)) {
            Some(index) => format!("w{}", index % COLOURS + 1),
            None => "w0".to_owned(),
        }
    }

    fn who(&self) -> Vec<Who> {
        self.names
            .iter()
            .filter_map(|&name| {
                let of = |claim: &Claim| claim.who.as_deref() == name;
                let first = self.claims().iter().position(of)?;
                let count = self.claims().iter().filter(|c| of(c)).count();
                Some(Who {
                    name: name.map(str::to_owned),
                    colour: self.colour(first),
                    claims: counted(count, "claim"),
                })
            })
            .collect()
    }

    fn claim_row(&self, index: usize) -> ClaimRow {
        let claim = &self.claims()[index];
        let id = self.claim_id(index);
        let polarity = name_of(&claim.polarity);
        let mut how = name_of(&claim.stance);
        if polarity != "asserted" {
            how = format!("{how}, {polarity}");
        }
        ClaimRow {
            number: index + 1,
            who: claim.who.clone(),
            colour: self.colour(index),
            how,
            relayed_by: claim.parent.map(|p| p + 1),
            sides: (0..=self.held.len())
                .map(|side| self.claim_side(side, index, &id))
                .collect(),
            id,
        }
    }

    fn claim_side(&self, side: usize, claim: usize, id: &str) -> ClaimSide {
        let (text, parts) = (self.text(side), self.parts(side, claim));
        let layers = claim_layers(claim, parts);
        let spans = layers.iter().map(|l| l.span).collect();
        let runs = pieces::runs(text, spans)
            .into_iter()
            .map(|run| {
                pieces::cut(run, &layers, &[])
                    .iter()
                    .map(|piece| {
                        let mut piece = self.piece(piece, text, Vec::new());
                        if matches!(piece.role, Some("content" | "whole")) {
                            piece.text = shortened(&piece.text, CONTENT);
                        }
                        piece
                    })
                    .collect()
            })
            .collect();
        let cue: Vec<&str> = parts.cue.iter().map(|s| s.of(text)).collect();
        let status = self.status(side, claim);
        ClaimSide {
            id: format!("{id}-x{side}"),
            mark: format!("{id}-m{side}"),
            sign: status.map(sign),
            status: status.map(|s| name_of(&s)),
            cue: cue.join(" … "),
            runs,
        }
    }

    fn findings(&self, row: usize) -> Vec<Item> {
        let last = self.segments.len().saturating_sub(1);
        let mut items = Vec::new();
        for (ledger, findings) in &self.held {
            let here = findings.iter().filter(|f| f.segment.min(last) == row);
            items.extend(here.map(|f| {
                let target = (ledger.target.language, ledger.target.text.as_str());
                Item::new(f, target.0.name(), (self.language, self.text), target)
            }));
        }
        items
    }
}

impl Item {
    /// A finding with the words that it is about on both sides.
    pub(super) fn new(
        finding: &Finding,
        place: &'static str,
        source: (Language, &str),
        target: (Language, &str),
    ) -> Self {
        let quotes = [(finding.source, source), (finding.target, target)]
            .into_iter()
            .filter_map(|(span, (language, text))| {
                let words: Vec<&str> = span?.of(text).split_whitespace().collect();
                let words = words.join(" ");
                (!words.is_empty() && !finding.message.contains(&words)).then(|| Quote {
                    language: language.code(),
                    text: shortened(&words, ABOUT),
                })
            })
            .collect();
        Self {
            severity: finding.severity,
            place,
            check: name_of(&finding.check),
            message: finding.message.clone(),
            quotes,
        }
    }
}

/// Where the number of a claim stands: behind the cue, else behind who it is.
fn anchor(parts: &Parts) -> Option<usize> {
    let last = |spans: &[Span]| spans.iter().filter(|s| !s.is_empty()).map(|s| s.end).max();
    last(&parts.cue).or_else(|| last(&parts.source))
}

fn claim_layers(claim: usize, parts: &Parts) -> Vec<Layer> {
    let parts = [
        (Role::Source, &parts.source),
        (Role::Cue, &parts.cue),
        (Role::Content, &parts.content),
    ];
    parts
        .into_iter()
        .flat_map(|(role, spans)| spans.iter().map(move |&span| (role, span)))
        .map(|(role, span)| Layer {
            span,
            kind: Kind::Claim(claim, role),
        })
        .collect()
}

fn sign(status: Status) -> char {
    match status {
        Status::Verified => '✓',
        Status::Implicit | Status::Repaired => '~',
        Status::Missing => '✗',
    }
}

fn verdict(ledger: &Ledger, findings: &[Finding]) -> String {
    let verified = ledger
        .claims
        .iter()
        .filter(|c| c.status == Status::Verified)
        .count();
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let look = match findings.len() {
        0 => "nothing to look at".to_owned(),
        count => format!("{count} to look at, {errors} almost surely wrong"),
    };
    format!(
        "{} → {}: {verified} of {} claims verified; {look}",
        ledger.source.language.name(),
        ledger.target.language.name(),
        ledger.claims.len(),
    )
}
