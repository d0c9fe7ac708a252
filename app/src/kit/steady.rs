use leptos::{prelude::*, reactive::computed::ScopedFuture};

use super::{
    Failure,
    state::{Shape, awaited},
    use_toasts,
};
use crate::api::ApiError;

/// Waits until a query has its first answer, and does not follow it: for a query whose content would push away what another one shows
/// above or beside it.
pub async fn arrived<T>(query: Resource<T>)
where
    T: Clone + Send + Sync + 'static,
{
    ScopedFuture::new_untracked(async move { query.await }).await;
}

/// Shows what a query brings and keeps that view: when the query runs again, only the signal it was
/// given moves, so that fields, dialogs and charts stay as they are. An error on the way is said in
/// a toast; an error at first is shown in place of the view.
pub fn steady<T>(query: Resource<Result<T, ApiError>>, show: impl Fn(RwSignal<T>) -> AnyView + Clone + Send + Sync + 'static) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    steady_as(Shape::Rows(6), query, show)
}

/// [`steady`], with bars in the shape of what is coming.
pub fn steady_as<T>(
    shape: Shape,
    query: Resource<Result<T, ApiError>>,
    show: impl Fn(RwSignal<T>) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let attempt = RwSignal::new(0);
    let toasts = use_toasts();
    let content = move || {
        attempt.track();
        let show = show.clone();
        Suspend::new(async move {
            match ScopedFuture::new_untracked(async move { query.await }).await {
                Ok(value) => {
                    let held = RwSignal::new(value);
                    Effect::new(move |_: Option<()>| match query.get() {
                        Some(Ok(value)) if held.with_untracked(|own| *own != value) => held.set(value),
                        Some(Err(error)) => toasts.fail(&error),
                        _ => {}
                    });
                    show(held)
                }
                Err(error) => {
                    Effect::new(move |_: Option<()>| {
                        if matches!(query.get(), Some(Ok(_))) {
                            attempt.update(|attempt| *attempt += 1);
                        }
                    });
                    view! { <Failure error/> }.into_any()
                }
            }
        })
    };
    awaited(shape, content)
}
