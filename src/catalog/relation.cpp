// Foreign tables given to functions. Zone B.
#include "catalog/relation.hpp"

#include "connect/connect.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace mongo_fdw {

void check_readable(Oid relation) {
    if (get_rel_relkind(relation) != RELKIND_FOREIGN_TABLE)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not a foreign table of mongo_fdw_cpp",
                               get_rel_name(relation) ? get_rel_name(relation) : psprintf("%u", relation))));
    AclResult allowed = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, OBJECT_FOREIGN_TABLE, get_rel_name(relation));
    check_wrapper(GetForeignServer(GetForeignTable(relation)->serverid));
}

} // namespace mongo_fdw
