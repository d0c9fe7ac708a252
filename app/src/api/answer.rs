//! What a page asks the API for, and what came of it. Underneath, all answers are of one type: what Leptos makes of a resource is in the browser's download
//! once, not once for each page.

use std::{
    any::Any,
    future::{Future, IntoFuture, pending},
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use codee::{Decoder, Encoder};
use leptos::{prelude::*, reactive::computed::ArcMemo};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    ApiError,
    read::{Unreadable, read, read_value},
};

/// A query and its latest answer. Copies are the same query.
pub struct Answer<T> {
    untyped: Untyped,
    read: PhantomData<fn() -> T>,
}

/// The same of whatever type: code that works with this is in the download once.
pub type Untyped = Resource<Result<Kept, ApiError>, Carried>;

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Answer<T> {}

/// Asks whenever `source` changes. The answer to the first time arrives with the page.
pub fn ask<S, T, F>(source: impl Fn() -> S + Send + Sync + 'static, fetch: impl Fn(S) -> F + Send + Sync + 'static) -> Answer<T>
where
    S: PartialEq + Clone + Send + 'static,
    T: Serialize + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let wish = Arc::new(Mutex::new(None));
    let held = wish.clone();
    let turn = move |before: Option<&u64>| {
        let (new, before) = (source(), before.copied().unwrap_or_default());
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref() == Some(&new) {
            return before;
        }
        *held = Some(new);
        before + 1
    };
    let fetch = move || -> Fetching {
        match wish.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(wish) => {
                let answer = fetch(wish);
                Box::pin(async move { answer.await.map(Kept::new) })
            }
            // Whose turn it is has been looked at by whoever fetches.
            None => Box::pin(pending()),
        }
    };
    Answer { untyped: untyped(Box::new(turn), Box::new(fetch)), read: PhantomData }
}

type Fetching = Pin<Box<dyn Future<Output = Result<Kept, ApiError>> + Send>>;

type Turn = Box<dyn Fn(Option<&u64>) -> u64 + Send + Sync>;

fn untyped(turn: Turn, fetch: Box<dyn Fn() -> Fetching + Send + Sync>) -> Untyped {
    let turn = ArcMemo::new(turn);
    Resource::new_with_options(move || turn.get(), move |_| fetch(), false)
}

impl<T> Answer<T> {
    /// Without its type.
    pub fn untyped(self) -> Untyped {
        self.untyped
    }

    /// Asks again.
    pub fn refetch(self) {
        self.untyped.refetch();
    }

    /// The latest answer, if there is one yet; followed where it is read.
    pub fn get(self) -> Option<Result<T, ApiError>>
    where
        T: DeserializeOwned + Clone + 'static,
    {
        Some(self.untyped.get()?.and_then(|kept| kept.read()))
    }
}

impl<T: DeserializeOwned + Clone + 'static> IntoFuture for Answer<T> {
    type Output = Result<T, ApiError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let kept = self.untyped.into_future();
        Box::pin(async move { kept.await?.read() })
    }
}

/// What an answer says, of whatever type.
#[derive(Clone)]
pub struct Kept(Said);

#[derive(Clone)]
enum Said {
    Asked {
        answer: Arc<dyn Any + Send + Sync>,
        #[cfg(feature = "ssr")]
        write: fn(&(dyn Any + Send + Sync)) -> Result<String, serde_json::Error>,
    },
    /// It came with the page.
    Came(Arc<Value>),
}

impl Kept {
    fn new<T: Serialize + Send + Sync + 'static>(answer: T) -> Self {
        Self(Said::Asked {
            answer: Arc::new(answer),
            #[cfg(feature = "ssr")]
            write: |answer| serde_json::to_string(&answer.downcast_ref::<T>()),
        })
    }

    /// Whether it is this very answer, not another one that says the same.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Said::Asked { answer: one, .. }, Said::Asked { answer: other, .. }) => Arc::ptr_eq(one, other),
            (Said::Came(one), Said::Came(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Reads it as the type that it was asked for as.
    ///
    /// # Errors
    /// [`ApiError::unreadable`].
    pub fn read<T: DeserializeOwned + Clone + 'static>(&self) -> Result<T, ApiError> {
        match &self.0 {
            Said::Asked { answer, .. } => answer.downcast_ref().cloned().ok_or_else(ApiError::unreadable),
            Said::Came(text) => read_value(text).map_err(|_| ApiError::unreadable()),
        }
    }
}

/// How answers travel with the page: written where it is rendered, read in the browser.
pub struct Carried;

#[cfg(feature = "ssr")]
impl Encoder<Result<Kept, ApiError>> for Carried {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(answer: &Result<Kept, ApiError>) -> Result<String, serde_json::Error> {
        let (name, text) = match answer {
            Ok(Kept(Said::Asked { answer, write })) => ("Ok", write(&**answer)?),
            Ok(Kept(Said::Came(text))) => ("Ok", text.to_string()),
            Err(error) => ("Err", serde_json::to_string(error)?),
        };
        Ok(format!("{{\"{name}\":{text}}}"))
    }
}

/// From the browser nothing travels so.
#[cfg(not(feature = "ssr"))]
impl Encoder<Result<Kept, ApiError>> for Carried {
    type Error = Unreadable;
    type Encoded = String;

    fn encode(_: &Result<Kept, ApiError>) -> Result<String, Unreadable> {
        Err(Unreadable)
    }
}

impl Decoder<Result<Kept, ApiError>> for Carried {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<Result<Kept, ApiError>, Unreadable> {
        let answer: Result<Value, ApiError> = read(text)?;
        Ok(answer.map(|text| Kept(Said::Came(Arc::new(text)))))
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn an_answer_travels_with_the_page() {
        let answer = vec![("a".to_owned(), Some(1.5)), ("b".to_owned(), None)];
        let text = Carried::encode(&Ok(Kept::new(answer.clone()))).expect("writes");
        assert_eq!(text, "{\"Ok\":[[\"a\",1.5],[\"b\",null]]}");
        let came = Carried::decode(&text).expect("reads").expect("an answer");
        assert_eq!(came.read(), Ok(answer));
        assert_eq!(came.read::<Vec<i64>>(), Err(ApiError::unreadable()));
    }

    #[test]
    fn a_refusal_travels_too() {
        let text = Carried::encode(&Err(ApiError::absent("Gone."))).expect("writes");
        assert_eq!(Carried::decode(&text).expect("reads").err(), Some(ApiError::absent("Gone.")));
        assert_eq!(Carried::decode("{\"Ok\":").err(), Some(Unreadable));
    }
}
