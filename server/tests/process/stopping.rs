//! A process that is told to stop ends what it has begun, and then itself.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use sqlx::{Executor, Row};

use crate::support::process::Database;

const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server that says when a mail has begun, and takes it once it is told to.
fn slow_mail() -> (String, Receiver<()>, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("--mail=smtp://{}", listener.local_addr().expect("an address"));
    let ((begin, begun), (go, gone)) = (channel(), channel());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is none of this one's business.
            let _ = converse(stream, &begin, &gone);
        }
    });
    (address, begun, go)
}

fn converse(mut stream: TcpStream, begin: &Sender<()>, go: &Receiver<()>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 slow\r\n")?;
    let mut data = false;
    while let Some(line) = lines.next().transpose()? {
        let answer = match (data, line.as_str()) {
            (true, ".") => {
                data = false;
                let _ = begin.send(());
                let _ = go.recv();
                "250 taken\r\n"
            }
            (true, _) => continue,
            (false, "DATA") => {
                data = true;
                "354 go on\r\n"
            }
            (false, "QUIT") => "221 bye\r\n",
            (false, _) => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// State, attempts and crashes of the one mail.
async fn mail_of(database: &Database) -> (String, i32, i32) {
    let row = database.connect().await.fetch_one("select state, attempt, crash_count from public.jobs where kind = 'mail.send'").await.expect("one");
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_worker_that_stops_ends_the_mail_it_has_begun() {
    let database = Database::create().await;
    database.run(&["seed"]);
    let (mail, begun, go) = slow_mail();
    let (server, mut worker) = (database.serve(&[]), database.work(&[&mail]));
    assert_eq!(server.visitor().form("/forgot-password", &[("email", "owner@localhost")]).await.status, 303);
    begun.recv_timeout(PATIENCE).expect("a mail begins");
    worker.terminate();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(worker.runs(), "it waits for the mail");
    assert_eq!(mail_of(&database).await, ("leased".into(), 0, 0));
    go.send(()).expect("the mail server waits");
    let (code, log) = worker.ended(PATIENCE).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(mail_of(&database).await, ("done".into(), 0, 0));
}

#[tokio::test]
async fn a_worker_that_stops_hands_back_what_does_not_end() {
    let database = Database::create().await;
    database.run(&["seed"]);
    let (mail, begun, go) = slow_mail();
    let (server, worker) = (database.serve(&[]), database.work(&[&mail, "--drain-seconds=1"]));
    assert_eq!(server.visitor().form("/forgot-password", &[("email", "owner@localhost")]).await.status, 303);
    begun.recv_timeout(PATIENCE).expect("a mail begins");
    worker.terminate();
    let (code, log) = worker.ended(PATIENCE).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(mail_of(&database).await, ("queued".into(), 0, 0), "neither a failure nor a crash");
    drop(go);
}
