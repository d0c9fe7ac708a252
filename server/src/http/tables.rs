//! Tables of runs as files: `/experiments/{id}/table.csv?filter=…&order=…&columns=…`, also as `.parquet` and `.arrow`, with a session's cookie or a token.
//!
//! The file is written while it is sent, a page of rows at a time, and no faster than it is read. Between pages no connection is held, and each page is read
//! with the rights of its moment: who is shut out gets no further row. What cannot be finished is cut off, so that no half of a table looks like the whole.

use actix_web::{HttpRequest, HttpResponse, http::header, middleware::Compress, web};
use bytes::Bytes;
use futures::{Stream, stream};
use shared::Permission;

use super::{
    Edge, caller,
    routes::{Route, Who},
};
use crate::{
    access::{Scope, rates::Kind},
    fault::Fault,
    features::{
        experiments::{ExperimentRef, Lifecycle},
        run_table::{
            self, Asked, RunTable,
            files::{Format, Writer},
        },
    },
};

/// Rows read at a time.
const ROWS: u64 = 1_000;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/experiments/{id}/table.csv", Who::Needs(Permission::RunsRead), || web::to(csv).wrap(Compress::default())),
    Route::get("/experiments/{id}/table.parquet", Who::Needs(Permission::RunsRead), || web::to(parquet)),
    Route::get("/experiments/{id}/table.arrow", Who::Needs(Permission::RunsRead), || web::to(arrow)),
];

type Query = web::Query<Vec<(String, String)>>;

async fn csv(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, query: Query) -> Result<HttpResponse, Fault> {
    send(&request, &edge, &id, &query, Format::Csv).await
}

async fn parquet(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, query: Query) -> Result<HttpResponse, Fault> {
    send(&request, &edge, &id, &query, Format::Parquet).await
}

async fn arrow(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, query: Query) -> Result<HttpResponse, Fault> {
    send(&request, &edge, &id, &query, Format::Arrow).await
}

async fn send(request: &HttpRequest, edge: &Edge, id: &str, query: &[(String, String)], format: Format) -> Result<HttpResponse, Fault> {
    caller::spend(request, &edge.services, Kind::Asking, 1)?;
    let scope = caller::authenticate(request, &edge.services).await?;
    scope.require(Permission::RunsRead)?;
    let asked = read(id, query)?;
    // From here on the caller is proven for each page.
    scope.rest();
    let now = scope.again().await?;
    let opened = run_table::open(&now, asked).await;
    let table = match opened {
        Ok(table) => table,
        Err(fault) => {
            now.record_denials().await?;
            return Err(fault);
        }
    };
    // The first rows before the head of the answer: a filter that means nothing is refused, not cut off.
    let first = run_table::page(&now, &table, ROWS, None).await?;
    drop(now);
    let writer = Writer::begin(format, &table.columns)?;
    let day = scope.now().format("%Y-%m-%d");
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"runs-{day}.{}\"", format.ending())))
        .streaming(Sending { scope, table, writer, first: Some(first), next: None }.bytes()))
}

/// Reads what the address asks for. `order` and `columns` may come several times, and hold several, between commas.
fn read(id: &str, query: &[(String, String)]) -> Result<Asked, Fault> {
    let mut asked = Asked { experiments: vec![ExperimentRef::parse(id)?], ..Asked::default() };
    for (name, value) in query {
        match name.as_str() {
            "filter" => asked.filter.clone_from(value),
            "order" => asked.order.extend(listed(value)),
            "columns" => asked.columns.extend(listed(value)),
            "lifecycle" => {
                asked.lifecycle = match value.as_str() {
                    "active" => Lifecycle::Active,
                    "deleted" => Lifecycle::Deleted,
                    "all" => Lifecycle::All,
                    _ => return Err(Fault::invalid("lifecycle", "Which runs: active, deleted or all.")),
                }
            }
            // A misspelt filter must not give all rows.
            _ => return Err(Fault::invalid("query", "A table is asked for by filter, order, columns and lifecycle.")),
        }
    }
    Ok(asked)
}

/// What stands between commas that are in no quotes.
fn listed(text: &str) -> Vec<String> {
    let mut quote = None;
    let parts = text.split(|c| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None => {
            quote = matches!(c, '`' | '"').then_some(c);
            c == ','
        }
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A table on its way.
struct Sending {
    scope: Scope,
    table: RunTable,
    writer: Writer,
    /// Read before the answer began.
    first: Option<run_table::Page>,
    next: Option<String>,
}

impl Sending {
    fn bytes(self) -> impl Stream<Item = Result<Bytes, Fault>> {
        stream::try_unfold(Some(self), |sending| async move {
            let Some(mut sending) = sending else { return Ok(None) };
            let page = match sending.first.take() {
                Some(page) => page,
                None => {
                    let scope = sending.scope.again().await?;
                    run_table::page(&scope, &sending.table, ROWS, sending.next.take()).await?
                }
            };
            let mut bytes = sending.writer.add(&page.rows)?;
            sending.next = page.next;
            if sending.next.is_some() {
                return Ok(Some((Bytes::from(bytes), Some(sending))));
            }
            bytes.extend(sending.writer.end()?);
            Ok(Some((Bytes::from(bytes), None)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_between_commas_that_are_in_no_quotes() {
        assert_eq!(listed("status, metrics.auc,,params.`a,b`, tags.\"c`,d\""), ["status", "metrics.auc", "params.`a,b`", "tags.\"c`,d\""]);
    }
}
