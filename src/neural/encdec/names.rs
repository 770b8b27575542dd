//! What transformers' checkpoints call the tensors of encoder-decoders.

use crate::neural::weights::Naming;

/// How a file names its tensors. The canonical names are those that llama.cpp gives to T5, with a few more for what T5
/// has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// llama.cpp's.
    Gguf,
    /// BART's and its relatives'; `prefix` stands before all but the output.
    Bart { prefix: &'static str },
    /// T5's; the feed-forward layer has another name beside a gate.
    T5 { gated: bool },
}

impl Names {
    fn part(self, name: &str) -> String {
        match self {
            Self::Gguf => name.to_owned(),
            Self::Bart { prefix } => match layer(name) {
                Some((side, index, part)) => format!("{prefix}{side}.layers.{index}.{}", bart_part(part)),
                None => bart_whole(name, prefix),
            },
            Self::T5 { gated } => match layer(name) {
                Some((side, index, part)) => {
                    let part = t5_part(part, side == "decoder", gated);
                    format!("{side}.block.{index}.{part}")
                }
                None => t5_whole(name),
            },
        }
    }
}

impl Naming for Names {
    fn name(&self, name: &str) -> String {
        match name.rsplit_once('.') {
            // A bias of the logits, which has no matrix of its own.
            Some(("output", "bias")) if *self != Self::Gguf => "final_logits_bias".to_owned(),
            Some((part, kind)) => format!("{}.{kind}", self.part(part)),
            None => name.to_owned(),
        }
    }

    fn spare(&self, name: &str) -> bool {
        // Copies of a shared embedding, and constants that are computed here.
        let copies = [
            "embed_tokens.weight",
            "embed_positions.weight",
            "embed_positions.weights",
        ];
        match self {
            Self::Gguf => false,
            Self::Bart { .. } => {
                name == "lm_head.weight"
                    || copies.iter().any(|copy| name.ends_with(copy))
                    || name.ends_with("shared.weight")
                    || name.ends_with("coder.version")
            }
            Self::T5 { .. } => {
                name == "lm_head.weight"
                    || name == "shared.weight"
                    || name.ends_with(copies[0])
                    // Early checkpoints have it, and T5 has never used it.
                    || name.ends_with("EncDecAttention.relative_attention_bias.weight")
            }
        }
    }
}

/// `enc.blk.0.attn_q` → encoder, 0, `attn_q`.
fn layer(name: &str) -> Option<(&'static str, &str, &str)> {
    let (side, rest) = match name.split_once(".blk.")? {
        ("enc", rest) => ("encoder", rest),
        (_, rest) => ("decoder", rest),
    };
    let (index, part) = rest.split_once('.')?;
    Some((side, index, part))
}

fn bart_part(part: &str) -> &str {
    match part {
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_o" => "self_attn.out_proj",
        "attn_norm" => "self_attn_layer_norm",
        "cross_attn_q" => "encoder_attn.q_proj",
        "cross_attn_k" => "encoder_attn.k_proj",
        "cross_attn_v" => "encoder_attn.v_proj",
        "cross_attn_o" => "encoder_attn.out_proj",
        "cross_attn_norm" => "encoder_attn_layer_norm",
        "ffn_up" => "fc1",
        "ffn_down" => "fc2",
        "ffn_norm" => "final_layer_norm",
        other => other,
    }
}

fn bart_whole(name: &str, prefix: &str) -> String {
    if name == "output" {
        return "lm_head".to_owned();
    }
    let Some((side, part)) = name.split_once('.') else {
        return format!("{prefix}shared");
    };
    let side = if side == "enc" { "encoder" } else { "decoder" };
    let part = match part {
        "token_embd" => "embed_tokens",
        "position_embd" => "embed_positions",
        "embd_norm" => "layernorm_embedding",
        "output_norm" => "layer_norm",
        other => other,
    };
    format!("{prefix}{side}.{part}")
}

fn t5_part(part: &str, decoder: bool, gated: bool) -> String {
    let feed_forward = if decoder { 2 } else { 1 };
    match part {
        "attn_norm" => return "layer.0.layer_norm".to_owned(),
        "cross_attn_norm" => return "layer.1.layer_norm".to_owned(),
        "ffn_norm" => return format!("layer.{feed_forward}.layer_norm"),
        "attn_rel_b" => return "layer.0.SelfAttention.relative_attention_bias".to_owned(),
        _ => {}
    }
    if let Some(matrix) = part.strip_prefix("attn_") {
        return format!("layer.0.SelfAttention.{matrix}");
    }
    if let Some(matrix) = part.strip_prefix("cross_attn_") {
        return format!("layer.1.EncDecAttention.{matrix}");
    }
    let matrix = match part {
        "ffn_gate" => "wi_0",
        "ffn_up" if gated => "wi_1",
        "ffn_up" => "wi",
        "ffn_down" => "wo",
        other => other,
    };
    format!("layer.{feed_forward}.DenseReluDense.{matrix}")
}

fn t5_whole(name: &str) -> String {
    match name {
        "token_embd" => "shared",
        "enc.token_embd" => "encoder.embed_tokens",
        "dec.token_embd" => "decoder.embed_tokens",
        "enc.output_norm" => "encoder.final_layer_norm",
        "dec.output_norm" => "decoder.final_layer_norm",
        "output" => "lm_head",
        other => other,
    }
    .to_owned()
}
