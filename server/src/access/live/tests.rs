use super::*;

fn place() -> (TenantId, Topic) {
    (TenantId::from_uuid(Uuid::now_v7()), Topic::Run(RunId::from_uuid(Uuid::now_v7())))
}

#[tokio::test]
async fn c5_2b_a_slow_listener_holds_one_mark_a_topic() {
    let live = Live::default();
    let (tenant, topic) = place();
    let mut listener = live.listen(tenant, Uuid::nil(), &[topic]).expect("room");
    for _ in 0..100_000 {
        live.changed(tenant, &[topic]);
    }
    assert_eq!(listener.mailbox.changed.lock().expect("unlocked").len(), 1);
    assert_eq!(listener.next().await, Some(vec![topic]));
    assert!(tokio::time::timeout(Duration::from_millis(50), listener.next()).await.is_err());
}

#[tokio::test]
async fn a_listener_hears_its_own_tenant_and_topics_only() {
    let live = Live::default();
    let ((tenant, topic), (stranger, other)) = (place(), place());
    let mut listener = live.listen(tenant, Uuid::nil(), &[topic]).expect("room");
    live.changed(stranger, &[topic]);
    live.changed(tenant, &[other]);
    live.heard(&format!("{}\n{tenant} {other}\n{stranger} {topic}\nnonsense\n{tenant} run_zz", Uuid::new_v4()));
    live.heard(&format!("{}\n{tenant} {topic}", live.shared.own));
    assert!(tokio::time::timeout(Duration::from_millis(50), listener.next()).await.is_err());
    live.heard(&format!("{}\n{tenant} {topic}", Uuid::new_v4()));
    assert_eq!(listener.next().await, Some(vec![topic]));
}

#[tokio::test]
async fn t11_who_does_not_hear_other_processes_proves_itself_within_a_second() {
    let live = Live::default();
    let (tenant, topic) = place();
    let mut listener = live.listen(tenant, Uuid::nil(), &[topic]).expect("room");
    let first = tokio::time::timeout(Duration::from_secs(1), listener.next()).await;
    assert_eq!(first, Ok(Some(vec![Topic::Standing])));
    live.shared.hears.store(true, Ordering::Relaxed);
    assert!(tokio::time::timeout(Duration::from_secs(1), listener.next()).await.is_err(), "who hears is told");
}

#[tokio::test]
async fn t58_listeners_are_counted_and_forgotten() {
    let live = Live::default();
    let (tenant, topic) = place();
    let open: Vec<Listener> = (0..OF_ONE).map(|_| live.listen(tenant, Uuid::nil(), &[topic]).expect("room")).collect();
    assert!(live.listen(tenant, Uuid::nil(), &[topic]).is_err());
    drop(open);
    assert!(live.state().listeners.is_empty() && live.state().of_credential.is_empty() && live.state().of_tenant.is_empty());
    // One organization does not take what there is, with however many tokens.
    let many: Vec<Listener> = (0..OF_TENANT).map(|n| live.listen(tenant, Uuid::from_u128(n as u128 / 40), &[topic]).expect("room")).collect();
    assert!(live.listen(tenant, Uuid::max(), &[topic]).is_err());
    assert!(live.listen(TenantId::from_uuid(Uuid::now_v7()), Uuid::max(), &[topic]).is_ok(), "another organization has room");
    drop(many);
    let mut last = live.listen(tenant, Uuid::nil(), &[topic]).expect("room");
    live.close();
    assert_eq!(last.next().await, None);
}
