//! Faults planted in a Korean translation.

use serde_json::json;

use super::{SOURCE, check, findings, has};

const KOREAN: [&str; 5] = [
    "항만청이 여객선 운항을 중단했다",
    "항만청은 승객 38명이 연기를 호소한 뒤 월요일에 벨린행 여객선 운항을 중단했다고 밝혔다.",
    "항만장 파블로 드러먼드(Pavlo Drummond)는 “엔진을 수리하고 시험하기 전에는 배를 내보내지 않겠다”고 말했다.",
    "로이터 통신에 따르면 수리에는 6만 2천 유로가 들고 모두 3주 정도 걸릴 예정이다.",
    "드러먼드는 승무원들이 승객과 해안경비대에 앞선 화재를 숨겼다는 사실을 부인했다.",
];

fn korean(changed: usize, text: &str) -> Vec<(String, String)> {
    let mut target: Vec<&str> = KOREAN.to_vec();
    target[changed] = text;
    let line = json!({"id": "k", "from": "en", "to": "ko", "source": SOURCE, "target": target}).to_string();
    let (_, ledgers, _) = check(&line);
    findings(&ledgers[0], changed as u64)
}

#[test]
fn a_good_korean_translation_raises_nothing() {
    for (index, text) in KOREAN.iter().enumerate() {
        assert_eq!(korean(index, text), [], "{text}");
    }
}

#[test]
fn a_korean_speaker_cannot_be_swapped_or_dropped() {
    // Everyday words of the rest of the sentence do not pass for the name.
    for speaker in ["", "월마는 ", "그 결정이 "] {
        let found = korean(4, &KOREAN[4].replace("드러먼드는 ", speaker));
        assert!(has(&found, "source", "error"), "{speaker}: {found:?}");
    }
    // The explanation in Latin letters does not stand for the name before it.
    for speaker in ["파블로 쇼르노(", "파블로 (", "("] {
        let found = korean(2, &KOREAN[2].replace("파블로 드러먼드(", speaker));
        assert!(has(&found, "source", "error"), "{speaker}: {found:?}");
    }
    let found = korean(3, &KOREAN[3].replace("로이터 통신에", "월마에"));
    assert!(has(&found, "source", "error"), "{found:?}");
}

#[test]
fn one_syllable_before_a_title_is_the_name_that_is_written_so() {
    let status = |source: &str, target: &str| {
        let line = json!({"id": "k", "from": "en", "to": "ko", "source": [source], "target": [target]});
        check(&line.to_string()).1[0]["claims"][0]["status"].clone()
    };
    for (source, target) in [
        ("Lee said the port was shut.", "이 씨는 항구가 닫혔다고 말했다."),
        (
            "Lee and Choi said the port was shut.",
            "이 씨와 최 씨는 항구가 닫혔다고 말했다.",
        ),
        (
            "Former president Park said the port was shut.",
            "박 전 대통령은 항구가 닫혔다고 말했다.",
        ),
        (
            "Kim told Park that the port was shut.",
            "김 의원은 박 씨에게 항구가 닫혔다고 말했다.",
        ),
    ] {
        assert_eq!(status(source, target), "verified", "{target}");
    }
    assert_eq!(
        status("Lee said the port was shut.", "박 씨는 항구가 닫혔다고 말했다."),
        "missing"
    );
}
