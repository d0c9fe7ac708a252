//! Queries that work when they are pasted.

use super::data::Chosen;

/// Columns of metrics and of params in an example.
const SHOWN: usize = 2;

/// The text of each.
pub(super) struct Snippets {
    pub power_bi: String,
    pub endpoint: String,
    pub grafana: String,
    pub pandas: String,
    pub gql: String,
    pub curl: String,
}

impl Snippets {
    /// For an experiment at an address.
    pub fn of(origin: &str, experiment: &Chosen) -> Self {
        let Chosen { id, .. } = experiment;
        let columns = columns(experiment);
        let listed = columns.iter().map(|column| text(column)).collect::<Vec<_>>().join(", ");
        let power_bi = format!(
            "let\n    \
                 File = Web.Contents(\"{origin}\", [\n        \
                     RelativePath = \"experiments/{id}/table.parquet\",\n        \
                     Headers = [Authorization = \"Bearer \" & AssayToken]\n    \
                 ]),\n    \
                 Runs = Parquet.Document(File)\n\
             in\n    \
                 Runs\n"
        );
        let grafana = format!("{{\n  runTable(\n    experiments: [\"{id}\"]\n    columns: [{listed}]\n    first: 200\n  ) {{\n    rows\n  }}\n}}\n");
        let pandas = format!(
            "import io, os, pandas, requests\n\n\
             answer = requests.get(\n    \
                 \"{origin}/experiments/{id}/table.parquet\",\n    \
                 headers={{\"Authorization\": f\"Bearer {{os.environ['ASSAY_TOKEN']}}\"}},\n\
             )\n\
             answer.raise_for_status()\n\
             runs = pandas.read_parquet(io.BytesIO(answer.content))\n\
             print(runs.head())\n"
        );
        let gql = format!(
            "import os\n\
             from gql import Client, gql\n\
             from gql.transport.requests import RequestsHTTPTransport\n\n\
             transport = RequestsHTTPTransport(\n    \
                 \"{origin}/graphql\",\n    \
                 headers={{\"Authorization\": f\"Bearer {{os.environ['ASSAY_TOKEN']}}\"}},\n\
             )\n\
             query = gql(\"\"\"\n\
             query ($after: String) {{\n  \
                 runTable(experiments: [\"{id}\"], columns: [{listed}], first: 200, after: $after) {{\n    \
                     rows\n    \
                     pageInfo {{ endCursor hasNextPage }}\n  \
                 }}\n\
             }}\n\
             \"\"\")\n\
             client, rows, after = Client(transport=transport), [], None\n\
             while True:\n    \
                 query.variable_values = {{\"after\": after}}\n    \
                 page = client.execute(query)[\"runTable\"]\n    \
                 rows += page[\"rows\"]\n    \
                 after = page[\"pageInfo\"][\"endCursor\"]\n    \
                 if not page[\"pageInfo\"][\"hasNextPage\"]:\n        \
                     break\n\
             print(len(rows), \"runs\")\n"
        );
        let curl = format!(
            "curl --fail --get --output runs.csv \\\n  \
               --header \"Authorization: Bearer $ASSAY_TOKEN\" \\\n  \
               --data-urlencode \"filter=attributes.status = 'FINISHED'\" \\\n  \
               --data-urlencode \"order=start_time DESC\" \\\n  \
               \"{origin}/experiments/{id}/table.csv\"\n"
        );
        Self { power_bi, endpoint: format!("{origin}/graphql\n"), grafana, pandas, gql, curl }
    }
}

/// What an example shows of an experiment.
fn columns(experiment: &Chosen) -> Vec<String> {
    let own = ["run_name", "status", "start_time"].map(str::to_owned);
    // What the machine did is seldom what somebody asks a BI tool for.
    let metrics = experiment.metric_keys.iter().filter(|name| !name.starts_with("system/")).take(SHOWN).map(|name| format!("metrics.{name}"));
    let params = experiment.param_keys.iter().take(SHOWN).map(|name| format!("params.{name}"));
    own.into_iter().chain(metrics).chain(params).collect()
}

/// A text of GraphQL, also inside three quotes of Python.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_name_the_address_the_experiment_and_its_keys() {
        let chosen = Chosen {
            id: "exp_1".into(),
            name: "n".into(),
            metric_keys: vec!["system/cpu".into(), "auc".into(), "a \"b\"".into(), "third".into()],
            param_keys: vec!["lr".into()],
        };
        let Snippets { power_bi, endpoint, grafana, pandas, gql, curl } = Snippets::of("https://assay.example", &chosen);
        assert!(grafana.contains(r#"columns: ["run_name", "status", "start_time", "metrics.auc", "metrics.a \"b\"", "params.lr"]"#), "{grafana}");
        for snippet in [&power_bi, &pandas, &gql, &curl] {
            assert!(snippet.contains("https://assay.example"), "{snippet}");
        }
        for snippet in [&power_bi, &grafana, &pandas, &gql, &curl] {
            assert!(snippet.contains("exp_1"), "{snippet}");
        }
        assert_eq!(endpoint, "https://assay.example/graphql\n");
    }
}
