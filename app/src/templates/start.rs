//! What starts a run from a template: texts for the reader's own machine, as a run begins where its code is.

use leptos::prelude::*;

use super::data::Template;
use crate::{
    experiments::Tag,
    kit::{Card, CodeBlock},
};

/// Params before the list is folded.
const SHOWN: usize = 12;

/// The params, to be changed, and the texts that follow from them.
pub(super) fn start(template: &Template) -> AnyView {
    let Some(run) = template.run.clone() else { return ().into_any() };
    let params: Vec<(String, RwSignal<String>)> = run.params.iter().map(|Tag { key, value }| (key.clone(), RwSignal::new(value.clone()))).collect();
    let (id, experiment) = (template.id.clone(), run.experiment.mlflow_id.clone());
    let code = {
        let (id, params) = (id.clone(), params.clone());
        Signal::derive(move || python(&id, &experiment, &params.iter().map(|(key, value)| (key.clone(), value.get())).collect::<Vec<_>>()))
    };
    let shell = shell(&id, &run.environment.command);
    let again = format!("/runs/{}/reproduce", run.id);
    let (first, rest) = params.split_at(params.len().min(SHOWN));
    let (first, folded, rest) = (fields(first), rest.len(), fields(rest));
    let more = (folded > 0)
        .then(|| view! { <details class="fold"><summary>{format!("{folded} more")}</summary><div class="starting">{rest}</div></details> });
    let asked = (!params.is_empty()).then(|| view! { <p class="s muted">"Change what your run shall do otherwise; the code below follows."</p><div class="starting">{first}</div>{more} });
    view! {
        <Card title="Start a run from it">
            <p class="s muted">"A run begins where its code runs. Begin it with this, and it carries the tag "<code>"assay.template"</code>" by which it is listed here."</p>
            {asked}
            <div class="commands"><CodeBlock code label="Python"/></div>
            <p class="s muted starting-or">"Or start a training that is there already: every run of this shell is linked to the template."</p>
            <div class="commands"><CodeBlock code=Signal::stored(shell) label="Shell"/></div>
            <p class="s"><a class="link" href=again>"Run it again exactly as it was"</a></p>
        </Card>
    }
    .into_any()
}

fn fields(params: &[(String, RwSignal<String>)]) -> AnyView {
    let each = params.iter().cloned().map(|(key, value)| {
        let first = value.get_untracked();
        view! {
            <label>
                <span>{key}</span>
                <input class="input" type="text" autocomplete="off" spellcheck="false" value=first on:input=move |event| value.set(event_target_value(&event))/>
            </label>
        }
    });
    each.collect_view().into_any()
}

/// A text as Python writes it.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                out.push_str(&format!("\\u{:04x}", c as u32))
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A param's value: numbers and truth as such, all else as a text. What a client logs is text, so that both log the same.
fn value(of: &str) -> String {
    let digits = of.strip_prefix('-').unwrap_or(of);
    let number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.parse::<f64>().is_ok()
        && !(digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()));
    if number || matches!(of, "True" | "False" | "None") { of.to_owned() } else { text(of) }
}

fn python(template: &str, experiment: &str, params: &[(String, String)]) -> String {
    let lines: String = params.iter().map(|(key, of)| format!("    {}: {},\n", text(key), value(of))).collect();
    let params = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{lines}}}") };
    format!(
        "import mlflow\n\nparams = {params}\n\
         with mlflow.start_run(experiment_id={}, tags={{\"assay.template\": {}}}):\n    \
             mlflow.log_params(params)\n    \
             ...  # your training\n",
        text(experiment),
        text(template)
    )
}

/// A text as one word of the shell.
fn word(of: &str) -> String {
    let plain = !of.is_empty() && of.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./=:,".contains(&b));
    if plain { of.to_owned() } else { format!("'{}'", of.replace('\'', "'\\''")) }
}

fn shell(template: &str, command: &[String]) -> String {
    let command = if command.is_empty() { "train.py".to_owned() } else { command.iter().map(|part| word(part)).collect::<Vec<_>>().join(" ") };
    format!("export MLFLOW_RUN_CONTEXT={}\npython {command}\n", word(&format!("{{\"assay.template\": \"{template}\"}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_logs_the_same_text() {
        for (of, written) in [
            ("3", "3"),
            ("-0.5", "-0.5"),
            ("1e-05", "1e-05"),
            ("True", "True"),
            ("None", "None"),
            ("007", "\"007\""),
            ("nan", "\"nan\""),
            ("inf", "\"inf\""),
            ("", "\"\""),
            ("adam", "\"adam\""),
            ("a\"b\\", "\"a\\\"b\\\\\""),
            ("x\ny", "\"x\\ny\""),
            ("\u{202e}", "\"\\u202e\""),
        ] {
            assert_eq!(value(of), written);
        }
        assert!(python("tpl_1", "0", &[]).contains("params = {}\n"));
        assert!(python("tpl_1", "0", &[("depth".into(), "3".into())]).contains("params = {\n    \"depth\": 3,\n}\n"));
    }

    #[test]
    fn a_shell_takes_words_for_text() {
        assert_eq!(shell("tpl_1", &[]), "export MLFLOW_RUN_CONTEXT='{\"assay.template\": \"tpl_1\"}'\npython train.py\n");
        let command = ["-m".to_owned(), "churn.train".into(), "--label=$(rm -rf ~)".into(), "it's".into()];
        assert!(shell("tpl_1", &command).ends_with("python -m churn.train '--label=$(rm -rf ~)' 'it'\\''s'\n"));
    }
}
