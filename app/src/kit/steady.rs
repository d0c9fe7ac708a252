use std::{future::pending, sync::Arc};

use leptos::{prelude::*, reactive::computed::ScopedFuture};
use serde::de::DeserializeOwned;

use super::{
    Failure,
    state::{Shape, awaited},
    use_toasts,
};
use crate::api::{Answer, ApiError, Kept, Untyped};

/// Waits until a query has its first answer, and does not follow it: for a query whose content would push away what another one shows
/// above or beside it.
pub async fn arrived<T>(query: Answer<T>) {
    first(query.untyped()).await.ok();
}

/// What waits for a query of a page that was left meanwhile waits for good, and is let go with it: there is nobody to show anything to.
async fn first(query: Untyped) -> Result<Kept, ApiError> {
    if query.is_disposed() {
        return pending().await;
    }
    ScopedFuture::new_untracked(async move { query.await }).await
}

/// Shows what a query brings and keeps that view: when the query runs again, only the signal it was
/// given moves, so that fields, dialogs and charts stay as they are. An error on the way is said in
/// a toast; an error at first is shown in place of the view.
pub fn steady<T>(query: Answer<T>, show: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
{
    steady_as(Shape::Rows(6), query, show)
}

/// [`steady`], with bars in the shape of what is coming.
pub fn steady_as<T>(shape: Shape, query: Answer<T>, show: impl Fn(RwSignal<T>) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
{
    let begin = move |kept: Kept| {
        let held = RwSignal::new(kept.read::<T>()?);
        let take = move |kept: Kept| {
            let value = kept.read()?;
            if held.with_untracked(|own| *own != value) {
                held.set(value);
            }
            Ok(())
        };
        Ok(Begun { view: show(held), take: Box::new(take) })
    };
    steady_untyped(shape, query.untyped(), Arc::new(begin))
}

/// What is shown, and what takes each further answer.
struct Begun {
    view: AnyView,
    take: Box<dyn Fn(Kept) -> Result<(), ApiError> + Send + Sync>,
}

fn steady_untyped(shape: Shape, query: Untyped, begin: Arc<dyn Fn(Kept) -> Result<Begun, ApiError> + Send + Sync>) -> AnyView {
    let attempt = RwSignal::new(0);
    let toasts = use_toasts();
    let content = move || {
        attempt.track();
        let begin = begin.clone();
        Suspend::new(async move {
            let answer = first(query).await;
            let first = answer.clone().ok();
            match answer.and_then(|kept| begin(kept)) {
                Ok(Begun { view, take }) => {
                    // The answer that it begins with is not taken again.
                    let taken = move |kept: &Kept| first.as_ref().is_some_and(|first| first.is(kept));
                    Effect::new(move |_: Option<()>| match query.get() {
                        Some(Ok(kept)) if taken(&kept) => {}
                        Some(answer) => {
                            if let Err(error) = answer.and_then(&take) {
                                toasts.fail(&error);
                            }
                        }
                        None => {}
                    });
                    view
                }
                Err(error) => {
                    // An answer that cannot be read is not begun with again: it is the same.
                    Effect::new(move |_: Option<()>| {
                        if first.is_none() && matches!(query.get(), Some(Ok(_))) {
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
