//! Rings the bell across processes: after a commit here, a short entry in a Redis stream wakes the
//! workers elsewhere. An entry carries nothing a worker trusts; forged ones wake it for nothing.

use redis::{
    AsyncCommands, Client,
    streams::{StreamMaxlen, StreamReadOptions, StreamReadReply},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

use crate::access::Vault;

const STREAM: &str = "assay:jobs";
/// Pause before Redis is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// Tells other processes of this process's commits, for as long as the process lives.
pub async fn ring(vault: Vault, client: Client) {
    loop {
        let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        loop {
            vault.bell().await;
            let rung: redis::RedisResult<String> = connection.xadd_maxlen(STREAM, StreamMaxlen::Approx(1000), "*", &[("bell", "1")]).await;
            if let Err(error) = rung {
                tracing::warn!(%error, "could not ring the bell");
                break;
            }
        }
    }
}

/// Wakes this process's worker when another process rings.
pub async fn listen(bell: Arc<Notify>, client: Client) {
    let options = StreamReadOptions::default().block(20_000).count(100);
    loop {
        if let Ok(mut connection) = client
            .get_multiplexed_async_connection_with_config(&redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30))))
            .await
        {
            let mut last = "$".to_owned();
            loop {
                let reply: redis::RedisResult<Option<StreamReadReply>> = connection.xread_options(&[STREAM], &[last.as_str()], &options).await;
                match reply {
                    Ok(Some(reply)) => {
                        if let Some(entry) = reply.keys.first().and_then(|key| key.ids.last()) {
                            last.clone_from(&entry.id);
                            bell.notify_one();
                        }
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(%error, "redis is away; jobs wait for the next look");
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
