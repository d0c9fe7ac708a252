//! The whole table of the grammar, over a grammar shaped like that of runs.

use super::*;

const ALL: Ops = Ops::EQUAL.and(Ops::LIKE).and(Ops::NULL);
const GRAMMAR: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attribute", "attributes", "run"],
            fields: Fields::Known(&[
                Attribute::text("run_id", Ops::EQUAL.and(Ops::LIKE).and(Ops::IN)),
                Attribute::text("run_name", Ops::EQUAL.and(Ops::LIKE)).aliases(&["Run name", "run name"]),
                Attribute::number("start_time").aliases(&["created", "Created"]),
            ]),
        },
        Entity {
            name: "metric",
            spellings: &["metric", "metrics"],
            fields: Fields::Any { value: Value::Number, ops: Ops::EQUAL.and(Ops::ORDER), sortable: true },
        },
        Entity { name: "param", spellings: &["param", "params"], fields: Fields::Any { value: Value::Text, ops: ALL, sortable: true } },
        Entity { name: "tag", spellings: &["tag", "tags"], fields: Fields::Any { value: Value::Text, ops: ALL, sortable: true } },
        Entity { name: "dataset", spellings: &["dataset"], fields: Fields::Known(&[Attribute::text("name", Ops::EQUAL.and(Ops::IN)).unsorted()]) },
    ],
};

fn one(text: &str) -> Test {
    match parse(text, &GRAMMAR) {
        Ok(Filter::Is(test)) => test,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn clauses_are_read() {
    let number = |c, n| Check::Number(c, n);
    let text = |t: &str| Check::Text(Comparison::Equal, t.to_owned());
    let cases: &[(&str, &str, &str, Check)] = &[
        ("metrics.acc >= 0.85", "metric", "acc", number(Comparison::GreaterOrEqual, Number::Float(0.85))),
        ("metric.acc>=-1e9", "metric", "acc", number(Comparison::GreaterOrEqual, Number::Float(-1e9))),
        ("metrics.`a b-c` != 42", "metric", "a b-c", number(Comparison::NotEqual, Number::Int(42))),
        ("metrics.\"val/loss\" < 1", "metric", "val/loss", number(Comparison::Less, Number::Int(1))),
        ("params.a.b = '1'", "param", "a.b", text("1")),
        ("params.x = \"it's\"", "param", "x", text("it's")),
        ("tags.mlflow.note = 'a \"quoted\" one'", "tag", "mlflow.note", text("a \"quoted\" one")),
        ("created > 5", "attribute", "start_time", number(Comparison::Greater, Number::Int(5))),
        ("`Run name` = 'x'", "attribute", "run_name", text("x")),
        ("attributes.`run name` = 'x'", "attribute", "run_name", text("x")),
        ("run.run_name LIKE 'a%'", "attribute", "run_name", Check::Like { pattern: "a%".into(), any_case: false }),
        ("run_name ilike 'A_'", "attribute", "run_name", Check::Like { pattern: "A_".into(), any_case: true }),
        ("run_id IN ('a', 'b')", "attribute", "run_id", Check::In { list: vec!["a".into(), "b".into()], not: false }),
        ("run_id not in ('a',)", "attribute", "run_id", Check::In { list: vec!["a".into()], not: true }),
        ("params.x IS NULL", "param", "x", Check::Null { not: false }),
        ("tags.x is not null", "tag", "x", Check::Null { not: true }),
        ("dataset.name = 'iris'", "dataset", "name", text("iris")),
    ];
    for (filter, entity, key, check) in cases {
        assert_eq!(one(filter), Test { entity, key: (*key).to_owned(), check: check.clone() }, "{filter}");
    }
}

#[test]
fn the_filter_of_load_table_is_read() {
    let filter = r#"tags.mlflow.loggedArtifacts LIKE '%"path"%:%"tab.json",%"type"%:%"table"%'"#;
    assert_eq!(one(filter).key, "mlflow.loggedArtifacts");
}

#[test]
fn clauses_combine() {
    assert_eq!(parse("", &GRAMMAR), Ok(Filter::All(vec![])));
    let Ok(Filter::All(parts)) = parse("metrics.a > 1 and params.b = 'x' AND tags.c = 'y'", &GRAMMAR) else { panic!() };
    assert_eq!(parts.len(), 3);
    let Ok(Filter::Any(parts)) = parse("metrics.a > 1 AND metrics.b > 1 OR (params.b = 'x' OR params.c = 'y') AND tags.d = 'z'", &GRAMMAR) else {
        panic!()
    };
    assert!(matches!(&parts[..], [Filter::All(a), Filter::All(b)] if a.len() == 2 && matches!(b[0], Filter::Any(_))));
    let Ok(Filter::All(parts)) = parse("not metrics.a > 1 AND NOT (params.b = 'x' OR NOT tags.c LIKE 'y')", &GRAMMAR) else { panic!() };
    let [Filter::Not(first), Filter::Not(second)] = &parts[..] else { panic!("{parts:?}") };
    assert!(matches!(**first, Filter::Is(_)));
    assert!(matches!(&**second, Filter::Any(list) if matches!(list[1], Filter::Not(_))));
}

#[test]
fn t37_quotes_dots_and_injections_stay_text() {
    assert_eq!(one("params.x = \"'; drop table runs; --\"").check, Check::Text(Comparison::Equal, "'; drop table runs; --".into()));
    assert_eq!(one("tags.`a'b\"c` = '\\'").check, Check::Text(Comparison::Equal, "\\".into()));
}

#[test]
fn t47_bad_filters_are_refused() {
    for filter in [
        " ",
        "metrics.a",
        "metrics.a >",
        "metrics.a > '1'",
        "metrics.a > x",
        "metrics.a > inf",
        "metrics.a > nan",
        "metrics.a > 1e999",
        "metrics.a == 1",
        "metrics.a <> 1",
        "metrics.a => 1",
        "metrics.a LIKE '1'",
        "metrics.a IN ('1')",
        "metrics. > 1",
        "metrics.a IS NULL",
        "params.a = 1",
        "params.a > '1'",
        "params.a = x",
        "params.a = `x`",
        "params.a IN ('1')",
        "params.a = 'x",
        "params.a = ''x''",
        "foo.a = 1",
        "unknown = '1'",
        "start_time = '5'",
        "run_name IN ('a')",
        "run_id IN ()",
        "run_id IN 'a'",
        "run_id IN ('a'",
        "run_id NOT 'a'",
        "dataset.other = 'x'",
        "metrics.a > 1 AND",
        "AND metrics.a > 1",
        "metrics.a > 1 metrics.b > 1",
        "metrics.a > 1, metrics.b > 1",
        "NOT",
        "NOT NOT",
        "metrics.a > 1 NOT",
        "metrics.a NOT > 1",
        "(metrics.a > 1",
        "metrics.a > 1)",
        "()",
        "metrics.a > 1; drop table runs",
        "params.a = 'a\0b'",
        "tags.`a\0` = 'b'",
        "'params'.a = 'x'",
        "params.a IS",
        "params.a IS NOT",
    ] {
        assert!(parse(filter, &GRAMMAR).is_err(), "{filter}");
    }
    assert_eq!(parse(&"(".repeat(5_000), &GRAMMAR), Err(FilterError::TooDeep));
    assert_eq!(parse(&format!("{} metrics.a > 1", "NOT ".repeat(4_000)), &GRAMMAR), Err(FilterError::TooDeep));
    assert_eq!(parse(&"x".repeat(30_000), &GRAMMAR), Err(FilterError::TooLarge));
    assert_eq!(parse(&["metrics.a > 1"; 200].join(" AND "), &GRAMMAR), Err(FilterError::TooLarge));
}

#[test]
fn orders_are_read() {
    let read = |terms: &[&str]| orders(&terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>(), &GRAMMAR);
    let list = read(&["metrics.acc DESC", "params.`a b` asc", "Created", "`Run name` DESC"]).unwrap();
    assert_eq!(
        list.iter().map(|order| (order.entity, order.key.as_str(), order.descending)).collect::<Vec<_>>(),
        [("metric", "acc", true), ("param", "a b", false), ("attribute", "start_time", false), ("attribute", "run_name", true)]
    );
    for terms in [
        &["dataset.name"][..],
        &["metrics.a", "metric.a DESC"],
        &["metrics.a UP"],
        &["metrics.a DESC DESC"],
        &[""],
        &["nothing"],
        &["'a'"],
        &["metrics.a, metrics.b"],
    ] {
        assert!(read(terms).is_err(), "{terms:?}");
    }
}

#[test]
fn t35_an_order_is_short_and_holds_listed_fields_only() {
    let many: Vec<String> = (0..500).map(|n| format!("metrics.m{n}")).collect();
    assert_eq!(orders(&many, &GRAMMAR), Err(FilterError::TooManyOrders));
    for term in ["metrics.a; select pg_sleep(5)", "name ASC, (select 1)", "(select 1)", "1", "metrics.a desc nulls last"] {
        assert!(orders(&[term.to_owned()], &GRAMMAR).is_err(), "{term}");
    }
}

#[test]
fn t36_a_pattern_is_short() {
    let like = |pattern: &str| parse(&format!("params.x LIKE '{pattern}'"), &GRAMMAR);
    assert!(like(&"_".repeat(MAX_PATTERN)).is_ok());
    for pattern in ["%a".repeat(10_000), "_".repeat(1_000), format!("(a+)+${}", "a".repeat(300))] {
        assert!(matches!(like(&pattern), Err(FilterError::Pattern | FilterError::TooLarge)), "{}", pattern.len());
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _ = parse(&text, &GRAMMAR);
        let _ = orders(&[text], &GRAMMAR);
    }
}
