# mongo_fdw_cpp: builds and installs the extension with PGXS.
#
#   make                build the library and the extension script
#   make install        install them into the PostgreSQL of PG_CONFIG
#   make installcheck   run the SQL suite against a running server; needs MONGO_URI (see ./dev help for a set-up)
#   make unit           build and run the unit tests (CMake, GoogleTest)
#   make format         lay the sources out with clang-format
#   make help           show this text

EXTENSION = mongo_fdw_cpp
MODULE_big = mongo_fdw_cpp
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" mongo_fdw_cpp.control)

SOURCES = $(sort $(wildcard src/*.cpp src/*/*.cpp))
OBJS = $(SOURCES:.cpp=.o)
# The kit is on top of everything else, its tables first.
MIGRATE_SQL = $(addprefix src/migrate/, plan.sql paths.sql keep.sql create.sql render.sql indexes.sql suggest.sql document.sql apply.sql preflight.sql chunk.sql state.sql order.sql write.sql sets.sql chunks.sql finish.sql prune.sql progress.sql load.sql check_state.sql totals.sql compare.sql check.sql diff.sql ranges.sql validate.sql todo.sql report_data.sql report_more.sql report.sql report_html.sql export.sql assess.sql migrate.sql)
# Types stand before the functions over them.
TYPES_SQL = src/convert/objectid.sql
SCRIPTS_SQL = src/schema.sql $(TYPES_SQL) $(sort $(filter-out src/migrate/% $(TYPES_SQL), $(wildcard src/*/*.sql))) src/wrapper.sql $(MIGRATE_SQL)
DATA_built = $(EXTENSION)--$(EXTVERSION).sql
DOCS = README.md

REGRESS = $(shell sed -n 's/^test: //p' test/schedule 2>/dev/null)
REGRESS_OUTPUT ?= build/regress
REGRESS_OPTS = --inputdir=. --outputdir=$(REGRESS_OUTPUT) --load-extension=mongo_fdw_cpp

PG_CONFIG ?= pg_config
MONGOC := $(shell for name in mongoc2 libmongoc-1.0; do pkg-config --exists $$name && echo $$name && break; done)
ifeq ($(MONGOC),)
$(error libmongoc is missing: install libmongoc-dev)
endif

CXXSTD = -std=c++20
WARNINGS = -Wall -Wextra -Wno-unused-parameter
PG_CXXFLAGS = $(CXXSTD) $(WARNINGS) -fvisibility-inlines-hidden -MMD -MP
PG_CPPFLAGS = -Isrc $(shell pkg-config --cflags $(MONGOC))
SHLIB_LINK = $(shell pkg-config --libs $(MONGOC)) -lstdc++ -Wl,--version-script=src/exports.map
EXTRA_CLEAN = $(SOURCES:.cpp=.d) build/regress

# Bitcode of a wrapper gains nothing, and PGXS would compile it without our flags.
override with_llvm := no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PostgreSQL's headers are not ours to warn about.
override CPPFLAGS := $(PG_CPPFLAGS) -isystem $(shell $(PG_CONFIG) --includedir-server) $(filter-out -I$(shell $(PG_CONFIG) --includedir-server),$(CPPFLAGS))

-include $(SOURCES:.cpp=.d)

$(EXTENSION)--$(EXTVERSION).sql: Makefile $(SCRIPTS_SQL)
	{ printf '%s\n' '\echo Use "CREATE EXTENSION mongo_fdw_cpp" to load this file. \quit'; cat $(SCRIPTS_SQL); } > $@

$(MODULE_big).so: src/exports.map

# A library whose decoder has faults, for the test of the checks that must find them.
faulty: build/faulty/$(MODULE_big).so
build/faulty/$(MODULE_big).so: $(OBJS) test/tools/faulty_decoder.hpp
	mkdir -p build/faulty
	$(COMPILE.cc) -DMONGO_FDW_FAULTY_DECODER -MF build/faulty/decode.d -o build/faulty/decode.o src/convert/decode.cpp
	$(LINK.shared) -o $@ $(filter-out src/convert/decode.o,$(OBJS)) build/faulty/decode.o $(LDFLAGS) $(LDFLAGS_SL) $(SHLIB_LINK)

unit:
	cmake -S . -B build/cmake -DCMAKE_BUILD_TYPE=Debug && cmake --build build/cmake -j && ctest --test-dir build/cmake --output-on-failure

format:
	clang-format -i $(SOURCES) $(wildcard src/*/*.hpp) $(wildcard test/unit/*.cpp) $(wildcard test/tools/*.cpp)

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

.PHONY: faulty unit format help
