/// What the component is: description.json, as it was when this was compiled.

#include "host.h"

static constexpr char description[] = {
#embed "../description.json"
};

wit::string guest::metadata::Describe() {
    return wit::string::from_view({description, sizeof description});
}
