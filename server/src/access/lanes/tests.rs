use uuid::Uuid;

use super::*;

/// How many organizations a lane has met with whom it has no room for others any more.
const MANY: usize = 30;

fn stranger() -> TenantId {
    TenantId::from_uuid(Uuid::now_v7())
}

/// Lanes that have met many. Nothing here asks for their connections.
fn lanes(count: u32) -> Lanes {
    let lanes = Lanes::new(&PgConnectOptions::new(), count, "", 100);
    for lane in lanes.0.iter() {
        (0..MANY).for_each(|_| lane.met.meet(stranger()));
    }
    lanes
}

fn is_of(turn: &Turn, lane: &Arc<Lane>) -> bool {
    Arc::ptr_eq(&turn.lane, lane)
}

#[tokio::test]
async fn nobody_waits_for_one_lane_alone_also_where_somebody_always_waits_for_the_others() {
    let (lanes, tenant) = (lanes(2), stranger());
    lanes.0[0].met.meet(tenant);
    let held = lanes.0[0].try_turn();
    for _ in 0..3 {
        let busy = lanes.0[1].clone();
        tokio::spawn(async move {
            loop {
                let _turn = busy.clone().turn().await;
                tokio::task::yield_now().await;
            }
        });
    }
    let turn = lanes.turn_in_time(Some(tenant)).await;
    assert!(held.is_some() && turn.is_ok_and(|turn| is_of(&turn, &lanes.0[1])));
}

#[tokio::test]
async fn who_comes_at_the_same_time_for_one_organization_keeps_to_one_lane() {
    let (lanes, tenant) = (lanes(2), stranger());
    let first = lanes.turn_in_time(Some(tenant)).await.ok();
    let lane = first.as_ref().map(|turn| turn.lane.clone());
    let (second, ()) = tokio::join!(lanes.turn_in_time(Some(tenant)), async {
        tokio::task::yield_now().await;
        drop(first);
    });
    assert!(lane.is_some_and(|lane| second.is_ok_and(|turn| is_of(&turn, &lane))));
}

#[tokio::test]
async fn strangers_go_where_the_fewest_are_and_do_not_wait_for_each_other() {
    let lanes = lanes(3);
    // One has met too many more for them to come.
    (0..11).for_each(|_| lanes.0[0].met.meet(stranger()));
    let first = lanes.turn_in_time(Some(stranger())).await.ok();
    let second = lanes.turn_in_time(Some(stranger())).await.ok();
    assert!(lanes.0[0].try_turn().is_some() && lanes.0[1].try_turn().is_none() && lanes.0[2].try_turn().is_none());
    drop((first, second));
}
