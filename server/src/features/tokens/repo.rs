//! The statements of tokens.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use shared::ids::{PersonId, TenantId, TokenId};
use uuid::Uuid;

use super::{
    Token,
    entity::{ActiveModel, Column, Entity, Model},
};
use crate::{
    access::{Connection, Secret, WriteTx},
    fault::Fault,
};

impl From<Model> for Token {
    fn from(row: Model) -> Self {
        Self {
            id: TokenId::from_uuid(row.id),
            name: row.name,
            hint: row.hint,
            scopes: row.scopes,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            made_by: row.made_by,
        }
    }
}

/// The live tokens of several holders, the newest first.
pub async fn of_holders<C: Connection>(tx: &C, holders: &[PersonId]) -> Result<Vec<(PersonId, Token)>, Fault> {
    let holders: Vec<Uuid> = holders.iter().map(|holder| holder.uuid()).collect();
    let query = Entity::find().filter(Column::PersonId.is_in(holders)).filter(Column::RevokedAt.is_null()).order_by_desc(Column::Id);
    Ok(query.all(tx).await?.into_iter().map(|row| (PersonId::from_uuid(row.person_id), row.into())).collect())
}

fn own(person: PersonId) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::PersonId.eq(person.uuid())).filter(Column::RevokedAt.is_null())
}

/// The person's live tokens, the newest first, after the one a cursor names.
pub async fn list<C: Connection>(tx: &C, person: PersonId, after: Option<Uuid>, limit: u64) -> Result<Vec<Token>, Fault> {
    // Ids are UUIDv7: their order is the order of creation.
    let mut query = own(person).order_by_desc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.all(tx).await?.into_iter().map(Token::from).collect())
}

pub async fn count<C: Connection>(tx: &C, person: PersonId) -> Result<u64, Fault> {
    Ok(own(person).count(tx).await?)
}

pub async fn insert(tx: &WriteTx, tenant: TenantId, person: PersonId, token: &Token, secret: &Secret) -> Result<(), Fault> {
    let row = ActiveModel {
        id: Set(token.id.uuid()),
        hash: Set(secret.hash()),
        tenant_id: Set(tenant.uuid()),
        person_id: Set(person.uuid()),
        name: Set(token.name.clone()),
        hint: Set(token.hint.clone()),
        scopes: Set(token.scopes.clone()),
        created_at: Set(token.created_at),
        expires_at: Set(token.expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
        made_by: Set(token.made_by.clone()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Revokes a live token of the person.
pub async fn revoke(tx: &WriteTx, person: PersonId, id: TokenId, now: DateTime<Utc>) -> Result<Option<Token>, Fault> {
    let Some(row) = own(person).filter(Column::Id.eq(id.uuid())).one(tx).await? else { return Ok(None) };
    Entity::update_many().col_expr(Column::RevokedAt, now.into()).filter(Column::Id.eq(id.uuid())).exec(tx).await?;
    // What is under way with it is not entered after this.
    tx.raise_epoch().await?;
    Ok(Some(row.into()))
}
