// The erasure of a user: every row of every table that is of that user.
#pragma once

#include "store/sql.h"

namespace hg::store {

// Of the audit log nothing, for it is a chain: its entries name users by their ids.
void erase_user(Connection& tx, UserId user);

}  // namespace hg::store
