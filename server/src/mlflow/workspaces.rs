//! Workspaces of the protocol: the projects of the organization, by their slugs.

use actix_web::{HttpResponse, http::Method, web};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::Permission;

use super::{
    Answer, Call, Code, Endpoint, Error,
    wire::{Text, filled, required, text},
};
use crate::features::projects::{self, Leave, Project};

const ONE: &str = "mlflow/workspaces/{workspace_name}";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::GET, "mlflow/workspaces", Permission::ProjectsRead, || web::to(list)),
    Endpoint::new(Method::POST, "mlflow/workspaces", Permission::ProjectsWrite, || web::to(create)),
    Endpoint::new(Method::GET, ONE, Permission::ProjectsRead, || web::to(get)),
    Endpoint::new(Method::PATCH, ONE, Permission::ProjectsWrite, || web::to(update)),
    Endpoint::new(Method::DELETE, ONE, Permission::ProjectsWrite, || web::to(delete)),
];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    name: Option<Text>,
    workspace_name: Option<Text>,
    description: Option<Text>,
    #[serde(alias = "defaultArtifactRoot")]
    default_artifact_root: Option<Text>,
    #[serde(alias = "traceArchivalConfig")]
    trace_archival_config: Archival,
    mode: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Archival {
    location: Option<Text>,
    retention: Option<Text>,
}

impl Input {
    /// Where things lie and how long they are kept is not the client's to say.
    fn check(&mut self) -> Result<(), Error> {
        let places = [self.default_artifact_root.take(), self.trace_archival_config.location.take(), self.trace_archival_config.retention.take()];
        match places.into_iter().find_map(filled) {
            Some(_) => Err(Error::invalid(
                "The server chooses where artifacts and traces are kept: leave out 'default_artifact_root' and 'trace_archival_config'.",
            )),
            None => Ok(()),
        }
    }
}

fn show(project: &Project) -> Value {
    match project.description.as_str() {
        "" => json!({ "name": project.slug }),
        description => json!({ "name": project.slug, "description": description }),
    }
}

async fn list(Call { scope, .. }: Call<Input>) -> Answer<Value> {
    let mut list = projects::list(scope.grant()?).await?;
    list.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(web::Json(json!({ "workspaces": list.iter().map(show).collect::<Vec<_>>() })))
}

async fn create(Call { scope, mut input }: Call<Input>) -> Result<HttpResponse, Error> {
    let name = required("name", input.name.take())?;
    input.check()?;
    let made = projects::create_named(scope.grant()?, &name, &text(input.description)).await?;
    Ok(HttpResponse::Created().json(json!({ "workspace": show(&made) })))
}

async fn get(Call { scope, input }: Call<Input>) -> Answer<Value> {
    let found = projects::get(scope.grant()?, &required("workspace_name", input.workspace_name)?).await?;
    Ok(web::Json(json!({ "workspace": show(&found) })))
}

async fn update(Call { scope, mut input }: Call<Input>) -> Answer<Value> {
    let name = required("workspace_name", input.workspace_name.take())?;
    input.check()?;
    let description = input.description.ok_or_else(|| Error::invalid("Workspace update must have at least one key"))?;
    let found = projects::describe(scope.grant()?, &name, &description).await?;
    Ok(web::Json(json!({ "workspace": show(&found) })))
}

/// How a project is to be removed stands in the query, also of a DELETE.
#[derive(Deserialize)]
struct Mode {
    mode: Option<String>,
}

async fn delete(Call { scope, input }: Call<Input>, query: web::Query<Mode>) -> Result<HttpResponse, Error> {
    let mode = query.into_inner().mode.or(filled(input.mode)).unwrap_or_default();
    let leave = match mode.to_ascii_uppercase().as_str() {
        "" | "RESTRICT" => Leave::Nothing,
        "SET_DEFAULT" => Leave::ToDefault,
        "CASCADE" => {
            return Err(Error::new(Code::NotImplemented, "Experiments and models are not deleted with their workspace: move them with SET_DEFAULT."));
        }
        _ => return Err(Error::invalid("Invalid value for parameter 'mode' supplied: use RESTRICT or SET_DEFAULT.")),
    };
    projects::remove(scope.grant()?, &required("workspace_name", input.workspace_name)?, leave).await?;
    Ok(HttpResponse::NoContent().finish())
}
