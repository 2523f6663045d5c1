// A column type is written once and read twice: as an Arrow type by the data plane and as a Zod type where rows come from
// outside. Values in a row: utf8 -> string, int32/float64 -> number, int64 -> bigint, bool -> boolean, list -> array,
// struct -> object, and null where the column allows it.
import { Bool, type DataType, Field, Float32, Float64, Int32, Int64, List, Schema, Struct, Utf8 } from "apache-arrow"
import { z } from "zod"

/** One column type: its Arrow type, its Zod type and whether it may be null. */
export interface Column<T = unknown> {
  readonly arrow: DataType
  readonly zod: z.ZodType<T>
  readonly nullable: boolean
}

/** Columns by name, in the order in which they are stored. */
export type Columns = Readonly<Record<string, Column>>

/** The type of a value of a column. */
export type ValueOf<C> = C extends Column<infer T> ? T : never

/** The type of a row of a table. */
export type RowOf<T> = T extends Table<infer C> ? { -readonly [K in keyof C]: ValueOf<C[K]> } : never

/** A dataset's row type: the Arrow schema of its files and the strict Zod type of its rows. */
export interface Table<C extends Columns = Columns> {
  readonly name: string
  readonly columns: C
  readonly schema: Schema
  readonly row: z.ZodType<{ -readonly [K in keyof C]: ValueOf<C[K]> }>
}

const column = <T>(arrow: DataType, zod: z.ZodType<T>): Column<T> => ({ arrow, zod, nullable: false })

/** A string; all Unicode kept. */
export const text = (): Column<string> => column(new Utf8(), z.string())
/** A whole number within 32 bits. */
export const int32 = (): Column<number> => column(new Int32(), z.int32())
/** A whole number within 64 bits, exact, as a bigint. */
export const int64 = (): Column<bigint> => column(new Int64(), z.bigint())
/** A double. */
export const float64 = (): Column<number> => column(new Float64(), z.number())
/** A single-precision number. */
export const float32 = (): Column<number> => column(new Float32(), z.number())
/** True or false. */
export const flag = (): Column<boolean> => column(new Bool(), z.boolean())
/** A list of one type. */
export const list = <T>(of: Column<T>): Column<T[]> =>
  column(new List(new Field("element", of.arrow, of.nullable)), z.array(of.zod))
/** A record of named columns. */
export const struct = <C extends Columns>(columns: C): Column<{ -readonly [K in keyof C]: ValueOf<C[K]> }> =>
  column(new Struct(fieldsOf(columns)), z.strictObject(shapeOf(columns)) as never)
/** The same column, allowing null. */
export const nullable = <T>(of: Column<T>): Column<T | null> => ({
  arrow: of.arrow,
  zod: z.nullable(of.zod),
  nullable: true,
})

/** The Arrow fields of columns, in order. */
export const fieldsOf = (columns: Columns): Field[] =>
  Object.entries(columns).map(([name, of]) => new Field(name, of.arrow, of.nullable))

const shapeOf = (columns: Columns) => Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, of.zod]))

/** Defines a dataset's row type. Unknown columns in a row are an error of its Zod type. */
export const table = <C extends Columns>(name: string, columns: C): Table<C> => ({
  name,
  columns,
  schema: new Schema(fieldsOf(columns)),
  row: z.strictObject(shapeOf(columns)) as never,
})
