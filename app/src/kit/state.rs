//! What stands where content is not: nothing yet, not yet here, or not to be had.

use std::sync::Arc;

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::{Glyph, Icon};
use crate::{
    api::{Answer, ApiError, Kept, Untyped},
    respond_with,
};
use shared::ErrorCode;

/// Nothing here yet: says what will appear and the shortest way to make it appear.
#[component]
pub fn Empty(
    /// The thing that will be here.
    icon: Icon,
    /// "No runs yet"
    #[prop(into)]
    title: String,
    /// Buttons or a code block below the text.
    #[prop(optional, into)]
    action: ViewFn,
    /// One or two sentences.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="state">
            <span class="badge"><Glyph icon/></span>
            <h2>{title}</h2>
            <p>{children()}</p>
            {action.run()}
        </section>
    }
    .into_any()
}

/// What went wrong, what to do, and the reference that finds it in the log. Sets the status of the
/// answer when the page is rendered on the server.
#[component]
pub fn Failure(
    /// The error of the API.
    error: ApiError,
) -> impl IntoView {
    respond_with(error.code.status());
    let (icon, title) = match error.code {
        ErrorCode::NotFound => (Icon::SEARCH, "Not found"),
        ErrorCode::Forbidden => (Icon::BAN, "Not for your role"),
        ErrorCode::Unavailable => (Icon::CIRCLE_ALERT, "Not available right now"),
        _ => (Icon::CIRCLE_ALERT, "This could not be shown"),
    };
    let nothing_lost = matches!(error.code, ErrorCode::Unavailable | ErrorCode::Internal).then_some(" Nothing was changed.");
    view! {
        <section class="state" role="alert">
            <span class="badge bad"><Glyph icon/></span>
            <h2>{title}</h2>
            <p>{error.message}{nothing_lost}</p>
            <p class="row"><a class="button" href="" rel="external"><Glyph icon=Icon::ROTATE_CCW/>"Try again"</a></p>
            {error.reference.map(|id| view! { <p class="faint xs">"Reference " <code>{id}</code></p> })}
        </section>
    }
    .into_any()
}

/// What is coming, so that grey bars can stand in its places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many rows of a table.
    Rows(usize),
    /// The bar of a list above its table.
    List,
    /// A page with a list.
    Listed,
    /// A page with tabs over cards.
    Tabbed,
    /// A page of cards.
    Cards,
    /// A page with a form.
    Form,
}

/// Grey bars in the shape of what is coming, shown after 150 ms.
#[component]
pub fn Skeleton(
    /// What is coming.
    #[prop(default = Shape::Rows(6))]
    shape: Shape,
) -> impl IntoView {
    let bones = |count: usize| (0..count).map(|_| view! { <i></i> }).collect_view();
    let rows = move |count: usize| view! { <div class="rows">{bones(count)}</div> };
    let cards = move |count: usize| {
        let cards = (0..count).map(|_| view! { <div class="card"><header><i></i></header><div class="body"></div></div> }).collect_view();
        view! { <div class="columns">{cards}</div> }
    };
    let bar = move || view! { <div class="toolbar"><i></i></div> };
    let body = match shape {
        Shape::Rows(count) => rows(count).into_any(),
        Shape::List | Shape::Listed => view! { {bar()}{rows(10)} }.into_any(),
        Shape::Tabbed => view! { <div class="tabs">{bones(3)}</div>{cards(4)} }.into_any(),
        Shape::Cards => cards(4).into_any(),
        Shape::Form => view! { <div class="form card"><div class="body">{bones(4)}</div></div> }.into_any(),
    };
    let head = (!matches!(shape, Shape::Rows(_) | Shape::List))
        .then(|| view! { <div class="topline"><i></i></div><div class="head"><div class="what">{bones(2)}</div></div> });
    view! { <div class="skeleton" role="status" aria-busy="true" aria-label="Loading">{head}{body}</div> }.into_any()
}

/// Shows what a query brings: bars while it is under way, the error when it fails. After the
/// first time the old content stays until the new is here.
pub fn loaded<T: DeserializeOwned + Clone + 'static>(query: Answer<T>, show: impl Fn(T) -> AnyView + Send + Sync + 'static) -> AnyView {
    loaded_as(Shape::Rows(6), query, show)
}

/// [`loaded`], with bars in the shape of what is coming.
pub fn loaded_as<T: DeserializeOwned + Clone + 'static>(
    shape: Shape,
    query: Answer<T>,
    show: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    loaded_untyped(shape, query.untyped(), Arc::new(move |kept: Kept| kept.read().map(&show)))
}

fn loaded_untyped(shape: Shape, query: Untyped, show: Arc<dyn Fn(Kept) -> Result<AnyView, ApiError> + Send + Sync>) -> AnyView {
    let content = move || {
        let show = show.clone();
        Suspend::new(async move { query.await.and_then(|kept| show(kept)).unwrap_or_else(|error| view! { <Failure error/> }.into_any()) })
    };
    awaited(shape, content)
}

/// Shows what waits for queries, and bars until the first of them is answered. The server's page is sent whole, so there the content is waited for where
/// it stands: `Transition` would build it once more in each of its rounds of looking for further queries.
pub(super) fn awaited<V: IntoView + 'static>(shape: Shape, content: impl Fn() -> Suspend<V> + Send + 'static) -> AnyView {
    if cfg!(feature = "ssr") {
        // Transition takes a number; the browser, which has one here, would else look for its queries' answers under others.
        if let Some(shared) = Owner::current_shared_context() {
            shared.next_id();
        }
        return content.into_any();
    }
    view! { <Transition fallback=move || view! { <Skeleton shape/> }>{content}</Transition> }.into_any()
}
