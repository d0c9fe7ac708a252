//! The flat table of runs: the same rows, columns and values in the API and in each of the files.

mod explorer;

use std::sync::Arc;

use crate::support::{
    Actor,
    tracking::{experiment, ok},
    world,
};
use arrow_array::{Array, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use serde_json::{Value, json};
use sqlx::Executor;

const START: i64 = 1_700_000_000_000;

/// A run with what it logs; its id.
async fn run(script: &Actor, experiment: &str, name: &str, start: i64, params: Value, metrics: Value, tags: Value) -> String {
    let body = json!({ "experiment_id": experiment, "run_name": name, "start_time": start, "user_id": "ada", "tags": tags });
    let run = ok(script, "POST", "runs/create", body).await["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    ok(script, "POST", "runs/log-batch", json!({ "run_id": run, "params": params, "metrics": metrics })).await;
    run
}

/// Three runs that hold what is hard to hold: formulas, NaN, an infinity, what is missing, an empty text, a name with a comma.
async fn hard(script: &Actor) -> (String, [String; 3]) {
    let id = experiment(script).await;
    let metric = |key: &str, value: Value| json!({ "key": key, "value": value, "timestamp": 1, "step": 0 });
    let pair = |key: &str, value: &str| json!({ "key": key, "value": value });
    let a = run(
        script,
        &id,
        "=cmd()",
        START,
        json!([pair("lr", "0.1"), pair("f1 score", "a,b")]),
        json!([metric("auc", json!(0.25))]),
        json!([pair("team", "+1")]),
    )
    .await;
    let b = run(script, &id, "b", START + 1, json!([pair("lr", "wide")]), json!([metric("auc", json!("NaN"))]), json!([])).await;
    let c = run(script, &id, "c", START + 2, json!([]), json!([metric("auc", json!("Infinity"))]), json!([pair("team", "")])).await;
    ok(script, "POST", "runs/update", json!({ "run_id": a, "status": "FINISHED", "end_time": START + 1_500 })).await;
    (id, [a, b, c])
}

const TABLE: &str = "query($of: [ID!]!, $columns: [String!], $filter: String, $order: [String!], $first: Int = 100, $after: String) { \
    runTable(experiments: $of, columns: $columns, filter: $filter, orderBy: $order, first: $first, after: $after) { \
        columns { key kind type } rows totalCount pageInfo { endCursor hasNextPage } } }";

async fn table(actor: &Actor, variables: Value) -> Value {
    let answer = actor.graphql(TABLE, variables).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["runTable"].clone()
}

#[tokio::test]
async fn rows_are_flat_records_with_numbers_as_numbers_and_times_in_utc() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, [a, ..]) = hard(&script).await;
    let reader = organization.owner.token(&["runs:read", "experiments:read"]).await;
    let columns = ["run_id", "run_name", "start_time", "duration", "metrics.auc", "params.lr", "params.`f1 score`", "tags.team", "params.none"];
    let found = table(&reader, json!({ "of": [id], "columns": columns, "order": ["start_time ASC"] })).await;
    let keys: Vec<&str> = found["columns"].as_array().expect("columns").iter().filter_map(|column| column["key"].as_str()).collect();
    assert_eq!(keys, ["run_id", "run_name", "start_time", "duration", "metrics.auc", "params.lr", "params.f1 score", "tags.team", "params.none"]);
    assert_eq!(found["columns"][4], json!({ "key": "metrics.auc", "kind": "METRIC", "type": "NUMBER" }));
    assert_eq!(found["columns"][2], json!({ "key": "start_time", "kind": "ATTRIBUTE", "type": "TIME" }));
    let first = json!({
        "run_id": a, "run_name": "=cmd()", "start_time": "2023-11-14T22:13:20.000Z", "duration": 1.5, "metrics.auc": 0.25, "params.lr": "0.1",
        "params.f1 score": "a,b", "tags.team": "+1", "params.none": null,
    });
    assert_eq!(found["rows"][0], first);
    // JSON has no such numbers; the column stays one of numbers.
    assert_eq!((&found["rows"][1]["metrics.auc"], &found["rows"][2]["metrics.auc"]), (&Value::Null, &Value::Null));
    assert_eq!((&found["rows"][2]["tags.team"], &found["rows"][2]["duration"]), (&json!(""), &Value::Null));
    assert_eq!((found["totalCount"].as_i64(), found["rows"].as_array().map(Vec::len)), (Some(3), Some(3)));

    // Params are texts; whoever asks for numbers gets numbers, and null where there is none.
    let numbers = table(&reader, json!({ "of": [id], "columns": ["params.lr AS NUMBER"], "order": ["start_time ASC"] })).await;
    assert_eq!(numbers["rows"], json!([{ "params.lr": 0.1 }, { "params.lr": null }, { "params.lr": null }]));

    // Nobody said which: what the runs carry.
    let usual = table(&reader, json!({ "of": [id] })).await;
    let keys: Vec<&str> = usual["columns"].as_array().expect("columns").iter().filter_map(|column| column["key"].as_str()).collect();
    let own = ["run_id", "run_name", "experiment_id", "experiment_name", "status", "start_time", "end_time", "duration", "user_id"];
    assert_eq!(keys, [&own[..], &["metrics.auc", "params.f1 score", "params.lr", "tags.team"]].concat());
    // Without the right to read experiments the table is there, without their names.
    let narrow = organization.owner.token(&["runs:read"]).await;
    let keys = table(&narrow, json!({ "of": [id] })).await["columns"].to_string();
    assert!(keys.contains("experiment_id") && !keys.contains("experiment_name"), "{keys}");
    let answer = narrow.graphql(TABLE, json!({ "of": [id], "columns": ["experiment_name"] })).await;
    assert_eq!(Actor::code(&answer), "FORBIDDEN", "{answer}");
}

#[tokio::test]
async fn a_table_of_several_experiments_is_read_page_by_page_without_a_row_twice() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (one, two) = (experiment(&script).await, experiment(&script).await);
    for n in 0..7 {
        let of = if n % 2 == 0 { &one } else { &two };
        let metrics = json!([{ "key": "m", "value": n % 3, "timestamp": 1, "step": 0 }]);
        run(&script, of, &format!("r{n}"), START + n, json!([]), metrics, json!([])).await;
    }
    let reader = organization.owner.token(&["runs:read", "experiments:read"]).await;
    for order in [json!(null), json!(["metrics.m DESC"]), json!(["run_name ASC"])] {
        let (mut names, mut after, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let variables = json!({ "of": [one, two], "columns": ["run_name"], "order": order, "first": 3, "after": after });
            let page = table(&reader, variables).await;
            assert_eq!(page["totalCount"], 7);
            names.extend(page["rows"].as_array().expect("rows").iter().map(|row| row["run_name"].as_str().expect("a name").to_owned()));
            pages += 1;
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        let whole = table(&reader, json!({ "of": [two, one], "columns": ["run_name"], "order": order })).await;
        let all: Vec<&str> = whole["rows"].as_array().expect("rows").iter().filter_map(|row| row["run_name"].as_str()).collect();
        assert_eq!((pages, &names.iter().map(String::as_str).collect::<Vec<_>>()), (3, &all), "{order}");
    }
    let filtered = table(&reader, json!({ "of": [one, two], "columns": ["run_name"], "filter": "metrics.m = 2" })).await;
    assert_eq!((filtered["totalCount"].as_i64(), filtered["rows"].as_array().map(Vec::len)), (Some(2), Some(2)));
}

#[tokio::test]
async fn what_is_no_table_is_refused_by_the_name_of_the_argument() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    let id = experiment(&script).await;
    for (change, field) in [
        (json!({ "columns": ["nothing"] }), "columns"),
        (json!({ "columns": ["status", "run.status"] }), "columns"),
        (json!({ "columns": ["status as number"] }), "columns"),
        (json!({ "of": [] }), "experiments"),
        (json!({ "filter": "metrics.a >" }), "filter"),
        (json!({ "order": ["dataset.name"] }), "orderBy"),
        (json!({ "first": 201 }), "first"),
        (json!({ "after": "x" }), "after"),
    ] {
        let mut variables = json!({ "of": [id], "first": 10 });
        variables.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let answer = owner.graphql(TABLE, variables).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some(field)), "{change}: {answer}");
    }
    for of in [json!([id, uuid::Uuid::now_v7().simple().to_string()]), json!(["x"])] {
        let answer = owner.graphql(TABLE, json!({ "of": of })).await;
        assert_eq!(Actor::code(&answer), "NOT_FOUND", "{answer}");
    }
    let many: Vec<String> = (0..501).map(|n| format!("params.p{n}")).collect();
    assert_eq!(Actor::code(&owner.graphql(TABLE, json!({ "of": [id], "columns": many })).await), "LIMIT_EXCEEDED");
    for (query, status) in [
        ("filter=metrics.a+%3E", 400),
        ("filters=x", 400),
        ("order=dataset.name", 400),
        ("columns=nothing", 400),
        ("lifecycle=gone", 400),
        ("columns=status,run_name&columns=params.%60a%2Cb%60&lifecycle=all", 200),
    ] {
        let answer = owner.get(&format!("/experiments/{id}/table.csv?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        if status == 200 {
            assert_eq!(answer.text(), "status,run_name,\"params.a,b\"\r\n");
        }
    }
    assert_eq!(owner.get(&format!("/experiments/{id}/table.xlsx")).await.status, 404);
    assert_eq!(world().anonymous().get(&format!("/experiments/{id}/table.csv")).await.status, 401);
}

const COLUMNS: &str = "columns=run_name,start_time,end_time,metrics.auc,params.lr,params.%60f1+score%60,tags.team&order=start_time+ASC";

#[tokio::test]
async fn t40_the_table_as_csv_runs_no_formula_and_keeps_its_numbers() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, _) = hard(&script).await;
    for actor in [&organization.owner, &organization.owner.token(&["runs:read"]).await] {
        let answer = actor.get(&format!("/experiments/{id}/table.csv?{COLUMNS}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"runs-"), "{:?}", answer.headers);
        assert_eq!(
            answer.text(),
            "run_name,start_time,end_time,metrics.auc,params.lr,params.f1 score,tags.team\r\n\
             \"'=cmd()\",2023-11-14T22:13:20.000Z,2023-11-14T22:13:21.500Z,0.25,0.1,\"a,b\",+1\r\n\
             b,2023-11-14T22:13:20.001Z,,NaN,wide,,\r\n\
             c,2023-11-14T22:13:20.002Z,,Infinity,,,\"\"\r\n"
        );
    }
}

fn text<'b>(batch: &'b RecordBatch, column: &str, row: usize) -> Option<&'b str> {
    let column = batch.column_by_name(column).expect("a column").as_any().downcast_ref::<StringArray>().expect("texts");
    column.is_valid(row).then(|| column.value(row))
}

fn number(batch: &RecordBatch, column: &str, row: usize) -> Option<f64> {
    let column = batch.column_by_name(column).expect("a column").as_any().downcast_ref::<Float64Array>().expect("numbers");
    column.is_valid(row).then(|| column.value(row))
}

fn time(batch: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let column = batch.column_by_name(column).expect("a column").as_any().downcast_ref::<TimestampMillisecondArray>().expect("times");
    assert_eq!(column.timezone(), Some("UTC"));
    column.is_valid(row).then(|| column.value(row))
}

#[tokio::test]
async fn the_files_hold_what_the_table_holds() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, _) = hard(&script).await;
    let get = async |ending: &str| {
        let answer = organization.owner.get(&format!("/experiments/{id}/table.{ending}?{COLUMNS}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    };
    let (parquet, arrow) = (get("parquet").await, get("arrow").await);
    assert_eq!(parquet.header("content-type"), "application/vnd.apache.parquet");
    assert_eq!(arrow.header("content-type"), "application/vnd.apache.arrow.file");
    let parquet = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(parquet.body), 100).expect("is Parquet");
    let arrow = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(arrow.body), None).expect("is Arrow");
    let batches = [parquet.collect::<Result<Vec<_>, _>>().expect("reads"), arrow.collect::<Result<Vec<_>, _>>().expect("reads")];
    for batch in batches.iter().map(|batches| &batches[0]) {
        let columns: Vec<Arc<_>> = batch.schema().fields().iter().cloned().collect();
        let names: Vec<&str> = columns.iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["run_name", "start_time", "end_time", "metrics.auc", "params.lr", "params.f1 score", "tags.team"]);
        assert_eq!((batch.num_rows(), text(batch, "run_name", 0), text(batch, "params.f1 score", 0)), (3, Some("=cmd()"), Some("a,b")));
        assert_eq!((number(batch, "metrics.auc", 0), number(batch, "metrics.auc", 2)), (Some(0.25), Some(f64::INFINITY)));
        assert!(number(batch, "metrics.auc", 1).is_some_and(f64::is_nan));
        assert_eq!(
            (time(batch, "start_time", 1), time(batch, "end_time", 0), time(batch, "end_time", 1)),
            (Some(START + 1), Some(START + 1_500), None)
        );
        assert_eq!((text(batch, "params.lr", 2), text(batch, "tags.team", 1), text(batch, "tags.team", 2)), (None, None, Some("")));
    }
}

/// Runs that nobody logged: so many as a page of a file has, and a half.
async fn many(organization: &crate::support::Organization<'_>, experiment: &str, count: i32) {
    let mut tamperer = organization.tamperer().await;
    let sql = "insert into runs (id, experiment_id, name, user_name, created_by, status, started_ms, created_at) \
        select gen_random_uuid(), $1, 'run ' || n, 'ada', '', 'FINISHED', n / 3, now() from generate_series(1, $2) n";
    let experiment: uuid::Uuid = experiment.parse().expect("an id");
    tamperer.execute(sqlx::query(sql).bind(experiment).bind(count)).await.expect("runs");
}

#[tokio::test]
async fn a_long_table_comes_whole_and_with_each_row_once() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = experiment(&script).await;
    many(&organization, &id, 2_500).await;
    for filter in ["", "&filter=attributes.run_name+LIKE+%27run+1%25%27", "&filter=attributes.run_name+%3D+%27none%27"] {
        let csv = organization.owner.get(&format!("/experiments/{id}/table.csv?columns=run_name{filter}")).await;
        let text = csv.text();
        let mut names: Vec<&str> = text.trim_end().split("\r\n").skip(1).collect();
        let total = table(
            &organization.owner,
            json!({ "of": [id], "columns": ["run_name"], "filter": match filter {
            "" => "",
            _ if filter.contains("LIKE") => "attributes.run_name LIKE 'run 1%'",
            _ => "attributes.run_name = 'none'",
        } }),
        )
        .await["totalCount"]
            .as_u64();
        assert_eq!(Some(names.len() as u64), total, "{filter}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(Some(names.len() as u64), total, "{filter}");
    }
    let arrow = organization.owner.get(&format!("/experiments/{id}/table.arrow?columns=run_name")).await;
    let arrow = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(arrow.body), None).expect("is Arrow");
    assert_eq!(arrow.map(|batch| batch.expect("reads").num_rows()).sum::<usize>(), 2_500);
}

#[tokio::test]
async fn groups_count_runs_and_sum_up_their_numbers() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = experiment(&script).await;
    for (n, model) in ["tree", "tree", "net", "tree"].into_iter().enumerate() {
        let params = json!([{ "key": "model", "value": model }, { "key": "lr", "value": format!("0.{n}") }]);
        let value = if n == 1 { json!("NaN") } else { json!(n) };
        let metrics = json!([{ "key": "auc", "value": value, "timestamp": 1, "step": 0 }]);
        run(&script, &id, &format!("r{n}"), START, params, metrics, json!([])).await;
    }
    run(&script, &id, "bare", START, json!([]), json!([]), json!([])).await;
    let query = "query($of: [ID!]!, $by: [String!]!, $numbers: [String!]!, $filter: String) { \
        runGroups(experiments: $of, by: $by, numbers: $numbers, filter: $filter) { \
            by numbers groupCount runCount isWhole groups { values runCount numbers { count mean low high } } } }";
    let reader = organization.owner.token(&["runs:read"]).await;
    let ask = async |change: Value| {
        let mut variables = json!({ "of": [id], "by": ["params.model"], "numbers": ["metrics.auc", "params.lr as number"] });
        variables.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        reader.graphql(query, variables).await
    };
    let found = ask(json!({})).await["data"]["runGroups"].clone();
    assert_eq!((&found["by"], &found["numbers"]), (&json!(["params.model"]), &json!(["metrics.auc", "params.lr"])));
    assert_eq!((found["groupCount"].as_u64(), found["runCount"].as_u64(), &found["isWhole"]), (Some(3), Some(5), &json!(true)));
    let tree = &found["groups"][0];
    assert_eq!((&tree["values"], &tree["runCount"]), (&json!(["tree"]), &json!(3)));
    assert_eq!(tree["numbers"][0], json!({ "count": 2, "mean": 1.5, "low": 0.0, "high": 3.0 }));
    assert_eq!(tree["numbers"][1]["count"], 3);
    let nothing = json!({ "count": 0, "mean": null, "low": null, "high": null });
    assert_eq!(found["groups"][1], json!({ "values": [null], "runCount": 1, "numbers": [nothing, nothing] }));
    let two = ask(json!({ "by": ["params.model", "status"], "filter": "params.model = 'net'" })).await["data"]["runGroups"]["groups"].clone();
    assert_eq!((two.as_array().map(Vec::len), &two[0]["values"]), (Some(1), &json!(["net", "RUNNING"])));
    for (change, field) in [
        (json!({ "by": [] }), "by"),
        (json!({ "by": ["status", "user_id", "run_name", "created_by", "experiment_id"] }), "by"),
        (json!({ "by": ["metrics.auc"], "numbers": [] }), "numbers"),
        (json!({ "numbers": ["params.lr"] }), "numbers"),
        (json!({ "filter": "x" }), "filter"),
    ] {
        let answer = ask(change.clone()).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some(field)), "{change}: {answer}");
    }
}

#[tokio::test]
async fn a_filter_looks_through_many_runs_piece_by_piece_and_finds_each_once() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = experiment(&script).await;
    many(&organization, &id, 45_000).await;
    // The newest, one in the middle of the second piece, and the oldest.
    let filter = "run_name = 'run 45000' OR run_name = 'run 12345' OR run_name = 'run 1'";
    let (mut names, mut after, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let page = table(&organization.owner, json!({ "of": [id], "columns": ["run_name"], "filter": filter, "first": 2, "after": after })).await;
        names.extend(page["rows"].as_array().expect("rows").iter().map(|row| row["run_name"].as_str().expect("a name").to_owned()));
        pages += 1;
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        assert!(pages < 10, "{page}");
    }
    assert_eq!((names, pages), (vec!["run 45000".to_owned(), "run 12345".to_owned(), "run 1".to_owned()], 3));
    let mlflow = async |limit: u64| {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let body = json!({ "experiment_ids": [id], "filter": "run_name LIKE 'run 1234_'", "max_results": limit, "page_token": token });
            let page = ok(&script, "POST", "runs/search", body).await;
            found.extend(page["runs"].as_array().cloned().unwrap_or_default());
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return found.len(),
            }
        }
    };
    assert_eq!((mlflow(3).await, mlflow(1_000).await), (10, 10));
    let counts = "query($id: ID!, $filter: String) { experiment(id: $id) { runCount runCountIsLeast runs(first: 1, filter: $filter) { totalCount totalIsLeast } } }";
    let counted = async |filter: Option<&str>| {
        let answer = organization.owner.graphql(counts, json!({ "id": id, "filter": filter })).await["data"]["experiment"].clone();
        assert_eq!((&answer["runCount"], &answer["runCountIsLeast"]), (&json!(45_000), &json!(false)));
        (answer["runs"]["totalCount"].as_u64(), answer["runs"]["totalIsLeast"].as_bool())
    };
    assert_eq!(counted(None).await, (Some(20_000), Some(true)));
    assert_eq!(counted(Some("attributes.status = 'FINISHED'")).await, (Some(20_000), Some(true)));
}
