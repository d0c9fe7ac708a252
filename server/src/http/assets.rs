//! The files of the web app: few, small, fingerprinted, kept in memory with their compressed forms.

use std::{collections::HashMap, path::Path, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use app::SiteManifest;
use bytes::Bytes;

use super::{
    Edge,
    routes::{Route, Who},
};

struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
}

/// The site, as it was built.
#[derive(Clone, Default)]
pub struct Assets {
    files: Arc<HashMap<String, File>>,
    manifest: SiteManifest,
}

impl Assets {
    /// Reads the site's folder. Without one, pages come without style and script, and say so in the
    /// log: the API works all the same.
    pub fn load(site: &Path) -> Self {
        Self::read(site).unwrap_or_else(|error| {
            tracing::warn!(site = %site.display(), %error, "the web app is not built; pages come without style and script");
            Self::default()
        })
    }

    fn read(site: &Path) -> std::io::Result<Self> {
        let manifest = serde_json::from_slice(&std::fs::read(site.join("manifest.json"))?)?;
        let mut files = HashMap::new();
        let root = site.join("pkg");
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(name) = path.strip_prefix(&root).ok().and_then(|name| name.to_str())
                    && !name.ends_with(".br")
                {
                    let brotli = std::fs::read(root.join(format!("{name}.br"))).ok().map(Bytes::from);
                    files.insert(name.to_owned(), File { plain: std::fs::read(&path)?.into(), brotli });
                }
            }
        }
        Ok(Self { files: Arc::new(files), manifest })
    }

    /// The names a page refers to.
    pub fn manifest(&self) -> &SiteManifest {
        &self.manifest
    }
}

pub(super) const ROUTES: &[Route] =
    &[Route::get("/pkg/{file:.*}", Who::Public, || web::to(file)), Route::get("/favicon.ico", Who::Public, || web::to(favicon))];

async fn file(request: HttpRequest, edge: web::Data<Edge>, name: web::Path<String>) -> HttpResponse {
    send(&request, &edge, &name)
}

async fn favicon(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    send(&request, &edge, &edge.assets.manifest.favicon.clone())
}

fn send(request: &HttpRequest, edge: &Edge, name: &str) -> HttpResponse {
    let Some(file) = edge.assets.files.get(name) else { return HttpResponse::NotFound().finish() };
    let accepts = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(content_type(name))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "Accept-Encoding"));
    match &file.brotli {
        Some(brotli) if accepts.split(',').any(|coding| coding.trim().starts_with("br")) => {
            answer.insert_header((header::CONTENT_ENCODING, "br")).body(brotli.clone())
        }
        _ => answer.body(file.plain.clone()),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
