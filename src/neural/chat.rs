//! Messages → prompt, by the template that comes with the model (Jinja, as transformers renders it).

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, ErrorKind, context, syntax::SyntaxConfig};
use serde::Serialize;

use super::{Message, Role};
use crate::error::{Error, Result};

/// A model's chat template.
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

const NAME: &str = "chat";

impl ChatTemplate {
    /// Compiles a template. `bos` and `eos` are the spellings of those tokens, which templates write out.
    pub(crate) fn new(source: &str, bos: &str, eos: &str) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|e| broken(&e))?;
        environment.set_syntax(syntax);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function(
            "raise_exception",
            |message: String| -> Result<Value, minijinja::Error> {
                Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
            },
        );
        environment.add_filter("tojson", to_json);
        // `strftime_now` is left undefined: a prompt with today's date in it would give other words tomorrow.
        // Templates that use it ask whether it is defined, and have a fixed date otherwise.
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|e| broken(&e))?;
        Ok(Self {
            environment,
            bos: bos.to_owned(),
            eos: eos.to_owned(),
        })
    }

    /// The prompt of `messages`. `answer`: with the opening of the assistant's turn at its end. Models that can
    /// think aloud are told not to.
    pub(crate) fn render(&self, messages: &[Message], answer: bool) -> Result<String> {
        self.environment
            .get_template(NAME)
            .and_then(|template| {
                template.render(context! {
                    messages => Value::from_iter(messages.iter().map(turn)),
                    add_generation_prompt => answer,
                    enable_thinking => false,
                    bos_token => &self.bos,
                    eos_token => &self.eos,
                })
            })
            .map_err(|e| broken(&e))
    }
}

/// A message as templates see it.
fn turn(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    context! { role => role, content => &message.content }
}

fn broken(error: &minijinja::Error) -> Error {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    Error::failed(format!("the model's chat template fails: {line}"))
        .with_hint("the template comes with the model; try another model or another revision of it")
}

/// Jinja's `tojson` as transformers has it: Python's `json.dumps` without ASCII escapes, not HTML-safe.
fn to_json(value: Value, arguments: Kwargs) -> Result<Value, minijinja::Error> {
    let indent: Option<usize> = arguments.get("indent")?;
    let fail = |e: &dyn std::fmt::Display| minijinja::Error::new(ErrorKind::InvalidOperation, e.to_string());
    let mut bytes = Vec::new();
    let written = match indent {
        Some(indent) => {
            let spaces = " ".repeat(indent.min(16));
            let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
        }
        None => value.serialize(&mut serde_json::Serializer::with_formatter(
            &mut bytes,
            PythonStyle,
        )),
    };
    written.map_err(|e| fail(&e))?;
    String::from_utf8(bytes)
        .map(Value::from_safe_string)
        .map_err(|e| fail(&e))
}

/// `{"a": 1, "b": [1, 2]}`
struct PythonStyle;

impl serde_json::ser::Formatter for PythonStyle {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_template_that_refuses_says_why() {
        let template = ChatTemplate::new("{{ raise_exception('no system turns') }}", "", "").unwrap();
        let error = template.render(&[], true).unwrap_err();
        assert!(error.to_string().contains("no system turns"), "{error}");
        assert_eq!(error.exit_code(), 4);
    }

    #[test]
    fn blocks_are_trimmed_and_json_is_pythons() {
        let source = "{% for m in messages %}\n  {% if true %}\n[{{ m.role }}]{{ {'a': 1, 'b': ['<x>', 'ї']} | tojson }}\n  {% endif %}\n{% endfor %}\n";
        let template = ChatTemplate::new(source, "", "").unwrap();
        let rendered = template.render(&[Message::new(Role::User, "x")], false).unwrap();
        assert_eq!(rendered, "[user]{\"a\": 1, \"b\": [\"<x>\", \"ї\"]}\n");
    }

    #[test]
    fn a_template_that_does_not_parse_is_an_error_of_one_line() {
        let error = ChatTemplate::new("{% for %}", "", "").err().unwrap();
        assert_eq!(error.to_string().lines().count(), 1);
    }
}
